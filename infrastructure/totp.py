"""Six-digit codes from a shared secret and the time (RFC 6238): what authenticator apps show.

The adapters make them to log in with; the simulated brokers check them.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime
from typing import Final

STEP_SECONDS: Final = 30
DIGITS: Final = 6


class NotATotpSecret(ValueError):
    """The text is not base32. Never says what it was."""


def code(secret: str, at: datetime) -> str:
    """The code that is shown at this instant.

    Raises:
        NotATotpSecret: blanks and lower case are fine, other characters are not.
    """
    counter = int(at.timestamp()) // STEP_SECONDS
    digest = hmac.new(_key(secret), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def _key(secret: str) -> bytes:
    packed = "".join(secret.split()).upper().rstrip("=")
    try:
        key = base64.b32decode(packed + "=" * (-len(packed) % 8))
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise NotATotpSecret("A TOTP secret is base32: letters and the digits 2 to 7.")
    return key
