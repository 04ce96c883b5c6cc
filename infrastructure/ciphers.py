"""The few things that are done with a key: encrypt, decrypt, digest."""

import base64
import hashlib
import hmac
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES: Final = 12


def bound(*parts: object) -> bytes:
    """Additional data: what a ciphertext belongs to, so that it opens nowhere else."""
    return "|".join(str(p) for p in parts).encode()


def encrypt(key: bytes, plain: bytes, binding: bytes) -> bytes:
    """AES-256-GCM under a fresh nonce, which comes first in the answer."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, binding)


def decrypt(key: bytes, sealed: bytes, binding: bytes) -> bytes | None:
    """The plain bytes, or `None` for another key, another binding or a changed bit."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], binding)
    except InvalidTag:
        return None


def digest(key: bytes, *parts: str) -> bytes:
    return hmac.digest(key, "\0".join(parts).encode(), hashlib.sha256)


def base32(raw: bytes, characters: int) -> str:
    """The first so many characters, in small letters and digits."""
    return base64.b32encode(raw).decode().lower()[:characters]
