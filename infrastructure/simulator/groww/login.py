"""Logins at the simulated Groww: an API key with a TOTP, or with a secret ("approval").

Documented, not recorded. An API key belongs to a user. One that was not registered belongs to the
user of its own name, its secret is the key followed by `-secret`, and its TOTP secret is what
`tokens.totp_secret` makes of it; nobody has to approve anything.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Literal

import msgspec

from infrastructure import totp
from infrastructure.simulator.exchange.orders import end_of_trading_day
from infrastructure.simulator.groww.wire import GrowwError, read
from infrastructure.simulator.kite.login import API_KEY, USER
from infrastructure.simulator.tokens import DayTokens, totp_secret

GROWW = "groww"
CLOCKS_MAY_DIFFER = timedelta(minutes=10)


class AskedForToken(msgspec.Struct, kw_only=True):
    key_type: Literal["totp", "approval"]
    totp: str = ""
    checksum: str = ""
    timestamp: int = 0


@dataclass(frozen=True, kw_only=True)
class GrowwApp:
    user: str
    api_secret: str
    totp_secret: str


class GrowwLogins:
    """Thread-safe; `now` is the clock that ends tokens, at 06:00 IST."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        self._apps: dict[str, GrowwApp] = {}
        self._tokens = DayTokens("simulated-groww", now)

    def register_app(self, api_key: str, api_secret: str | None, user: str | None) -> GrowwApp:
        """Raises: ValueError: no user is named, and the key is none either."""
        owner = (user or api_key).upper()
        if not USER.fullmatch(owner):
            raise ValueError("user must be 2 to 20 letters or digits.")
        app = GrowwApp(
            user=owner,
            api_secret=api_secret or f"{api_key}-secret",
            totp_secret=totp_secret(GROWW, api_key),
        )
        with self._lock:
            self._apps[api_key] = app
        return app

    def exchange(self, authorization: str, body: bytes) -> tuple[str, str, datetime]:
        """A day's token for an API key; return (user, token, end).

        Raises:
            GrowwError: an unknown key, or not its code or checksum.
        """
        asked = read(body, AskedForToken)
        api_key = authorization.removeprefix("Bearer ")
        app = self._app(api_key)
        if app is None or not self._is_proven(app, asked):
            raise GrowwError(401, "GA005", "User not authorised to perform this operation.")
        return self.issue(app.user)

    def issue(self, user: str) -> tuple[str, str, datetime]:
        ends_at = end_of_trading_day(self._now())
        return user, self._tokens.issue(user, ends_at), ends_at

    def user_of(self, authorization: str) -> str | None:
        """Whose token this is, from a header `Bearer <token>`."""
        return self._tokens.user_of(authorization.removeprefix("Bearer "))

    def end(self, authorization: str) -> None:
        """The token of this header is worth nothing from now on."""
        self._tokens.end(authorization.removeprefix("Bearer "))

    def _app(self, api_key: str) -> GrowwApp | None:
        with self._lock:
            app = self._apps.get(api_key)
        if app is None and API_KEY.fullmatch(api_key) and USER.fullmatch(api_key.upper()):
            return self.register_app(api_key, None, None)
        return app

    def _is_proven(self, app: GrowwApp, asked: AskedForToken) -> bool:
        now = self._now()
        if asked.key_type == "totp":
            shown = (totp.code(app.totp_secret, now - timedelta(seconds=s)) for s in (0, 30, -30))
            return any(hmac.compare_digest(asked.totp.encode(), each.encode()) for each in shown)
        signed = f"{app.api_secret}{asked.timestamp}"
        expected = hashlib.sha256(signed.encode()).hexdigest()
        is_fresh = abs(now.timestamp() - asked.timestamp) <= CLOCKS_MAY_DIFFER.total_seconds()
        return is_fresh and hmac.compare_digest(asked.checksum.encode(), expected.encode())
