"""Names for things that outsiders see: random, so that nobody can count or guess them."""

import base64
import secrets


def new_public_id() -> str:
    """26 lower-case base32 characters, 128 random bits; survives gateways that fold case."""
    return base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


def secret_token(size: int = 32) -> str:
    """`size` random bytes, in URL-safe text."""
    return secrets.token_urlsafe(size)
