"""What logging in has in common at every broker: pasted values, and when a token ends."""

import base64
import binascii
import re
from datetime import UTC, datetime, time, timedelta

import msgspec

from application.ports.broker import LoginRefused, Secrets
from domain.instants import IST

# What can stand in an HTTP header; of the brokers' own values none has anything else.
_CREDENTIAL = re.compile(r"[!-9;-~]{1,4096}")


class _Claims(msgspec.Struct):
    exp: int | float


def given(credentials: Secrets, name: str, called: str | None = None) -> str | None:
    """A pasted value, without the blanks around it; `None` when it is missing.

    Raises:
        LoginRefused: nothing that a broker ever issued looks like this.
    """
    value = credentials.get(name, "").strip()
    if not value:
        return None
    if not _CREDENTIAL.fullmatch(value):
        raise LoginRefused(
            "MALFORMED_ARGUMENT",
            f"{called or name} holds characters that brokers never use. Next: copy it again.",
        )
    return value


def next_six_ist(now: datetime) -> datetime:
    """When the brokers' day ends: the first 06:00 IST after `now`, in UTC."""
    local = now.astimezone(IST)
    six = datetime.combine(local.date(), time(6), IST)
    return (six if local < six else six + timedelta(days=1)).astimezone(UTC)


def token_end(token: str) -> datetime | None:
    """When a JWT says that it ends (UTC); `None` when it says nothing that can be read.

    Its signature is the broker's business: the broker has just accepted it.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return datetime.fromtimestamp(msgspec.json.decode(claims, type=_Claims).exp, UTC)
    except (binascii.Error, ValueError, OverflowError, OSError):
        return None


def login_end(token: str, now: datetime, otherwise: datetime) -> datetime:
    """When this login ends: as its token says, else `otherwise`.

    Raises:
        LoginRefused: by its own words, the token has ended.
    """
    ends_at = token_end(token) or otherwise
    if ends_at <= now:
        raise LoginRefused("TOKEN_REFUSED", "This access token has ended. Next: get a new one.")
    return ends_at
