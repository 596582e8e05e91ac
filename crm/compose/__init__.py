"""Writing: the template language, the frame around a letter, and the bytes that leave. Pure."""
