"""Whom and which of our messages something from outside is about: a mail, a report, a link, an opening."""
