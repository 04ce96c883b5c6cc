"""What logging in has in common at every broker: pasted values, and when a token ends."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

import msgspec

from application.ports.broker import LoginRefused, Secrets
from application.ports.browser_login import Departure, LoginField, LoginMethod
from application.ports.egress import DIRECT, Egress
from domain.instants import IST
from infrastructure import totp

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


def one_time_code(credentials: Secrets, now: datetime) -> str | None:
    """The code of this half minute: as it was typed in, or made from the secret of the
    authenticator app; `None` without either.

    Raises:
        LoginRefused: it is neither six digits nor a secret.
    """
    typed = "".join(credentials.get("totp", "").split())
    if re.fullmatch(r"[0-9]{6}", typed):
        return typed
    secret = typed or credentials.get("totp_secret", "").strip()
    if not secret:
        return None
    try:
        return totp.code(secret, now)
    except totp.NotATotpSecret:
        raise LoginRefused(
            "MALFORMED_ARGUMENT",
            "totp_secret is not base32. Next: copy the secret, not a code of six digits."
            if not typed
            else "That is neither a code of six digits nor the secret of an authenticator app.",
        ) from None


ONE_TIME_CODE = LoginField(
    name="totp", label="Code of your authenticator app (or its secret, used once)"
)


class FormsOnly:
    """The page of a broker that sends nobody anywhere; see `BrowserLogin`."""

    def __init__(self, *methods: LoginMethod) -> None:
        self._methods = methods

    def methods(self) -> tuple[LoginMethod, ...]:
        return self._methods

    def depart(self, credentials: Secrets, state: str, egress: Egress = DIRECT) -> Departure:
        raise LoginRefused("NOT_SUPPORTED", "This broker has no login page to go to.")

    def returned(self, answer: Mapping[str, str]) -> Secrets:
        raise LoginRefused("NOT_SUPPORTED", "This broker sends nobody back.")


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
