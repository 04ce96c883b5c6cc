"""Logins at the simulated Kite: apps, request tokens, access tokens and when they end.

There are no passwords: whoever opens the login page says who they are. An app that was not
registered is accepted all the same, its secret being its api_key followed by `-secret`.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from infrastructure.simulator.exchange.orders import end_of_trading_day
from infrastructure.simulator.kite.wire import KiteError

API_KEY = re.compile(r"[A-Za-z0-9]{1,64}")
USER = re.compile(r"[A-Z0-9]{2,20}")
REQUEST_TOKEN_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Login:
    api_key: str
    user: str
    ends_at: datetime


class KiteLogins:
    """Thread-safe; `now` is the clock that ends tokens."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        self._secrets: dict[str, str] = {}
        self._redirects: dict[str, str] = {}
        self._granted: dict[str, Login] = {}
        self._logins: dict[str, Login] = {}

    def register_app(self, api_key: str, api_secret: str | None, redirect_url: str | None) -> None:
        with self._lock:
            if api_secret is not None:
                self._secrets[api_key] = api_secret
            if redirect_url is not None:
                self._redirects[api_key] = redirect_url

    def redirect_url(self, api_key: str) -> str | None:
        with self._lock:
            return self._redirects.get(api_key)

    def secret_of(self, api_key: str) -> str:
        with self._lock:
            return self._secret_of(api_key)

    def grant(self, api_key: str, user: str) -> str:
        """The user has logged in on the broker's page: a request token, good for one exchange."""
        token = secrets.token_urlsafe(24).replace("-", "A").replace("_", "b")
        with self._lock:
            self._granted[token] = Login(
                api_key=api_key, user=user, ends_at=self._now() + REQUEST_TOKEN_LIFE
            )
        return token

    def redeem(self, api_key: str, request_token: str, checksum: str) -> tuple[str, str]:
        """Exchange a request token; return (user, access token).

        Raises:
            KiteError: used or expired token, or a checksum made with another secret.
        """
        with self._lock:
            now = self._now()
            granted = self._granted.get(request_token)
            if granted is None or granted.api_key != api_key or now >= granted.ends_at:
                raise KiteError(403, "TokenException", "Token is invalid or has expired.")
            secret = self._secret_of(api_key)
            expected = hashlib.sha256((api_key + request_token + secret).encode()).hexdigest()
            if not hmac.compare_digest(checksum.encode(), expected.encode()):
                raise KiteError(403, "TokenException", "Invalid `checksum`.")
            del self._granted[request_token]
            access_token = secrets.token_hex(16)
            self._logins[access_token] = Login(
                api_key=api_key, user=granted.user, ends_at=end_of_trading_day(now)
            )
            return granted.user, access_token

    def user_of(self, authorization: str) -> str | None:
        """Whose token this is, from a header `token <api_key>:<access_token>`."""
        api_key, _, access_token = authorization.removeprefix("token ").partition(":")
        with self._lock:
            login = self._logins.get(access_token)
            if login is None or login.api_key != api_key or self._now() >= login.ends_at:
                return None
            return login.user

    def end(self, api_key: str, access_token: str) -> None:
        with self._lock:
            login = self._logins.get(access_token)
            if login is not None and login.api_key == api_key:
                del self._logins[access_token]

    def _secret_of(self, api_key: str) -> str:
        return self._secrets.get(api_key, f"{api_key}-secret")
