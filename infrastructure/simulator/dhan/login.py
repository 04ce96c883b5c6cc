"""Logins at the simulated Dhan: consents of an app, and client id with PIN and TOTP.

Documented, not recorded. A client id is the user's name here. Everybody's PIN is `PIN`, the TOTP
secret is what `tokens.totp_secret` makes of the client id, and an app that was not registered has
its own id followed by `-secret` for a secret.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from infrastructure import totp
from infrastructure.simulator.dhan.wire import INVALID_TOKEN, DhanError
from infrastructure.simulator.kite.login import USER
from infrastructure.simulator.tokens import DayTokens, totp_secret

DHAN = "dhan"
PIN = "123456"
TOKEN_LIFE = timedelta(hours=24)
CONSENT_LIFE = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Consent:
    app_id: str
    user: str
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class DhanLogin:
    user: str
    token: str
    ends_at: datetime


class DhanLogins:
    """Thread-safe; `now` is the clock that ends tokens, 24 hours after their issue."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        self._secrets: dict[str, str] = {}
        self._redirects: dict[str, str] = {}
        self._asked: dict[str, Consent] = {}
        self._given: dict[str, Consent] = {}
        self._tokens = DayTokens("simulated-dhan", now)

    def register_app(self, app_id: str, app_secret: str | None, redirect_url: str | None) -> None:
        with self._lock:
            if app_secret is not None:
                self._secrets[app_id] = app_secret
            if redirect_url is not None:
                self._redirects[app_id] = redirect_url

    def redirect_url(self, consent: Consent) -> str | None:
        with self._lock:
            return self._redirects.get(consent.app_id)

    def ask(self, app_id: str, app_secret: str, client_id: str) -> str:
        """An app asks for a user's consent; return the consent's id.

        Raises:
            DhanError: not the app's secret, or no such user.
        """
        user = client_id.upper()
        if not self._is_app(app_id, app_secret) or not USER.fullmatch(user):
            raise DhanError(*INVALID_TOKEN)
        with self._lock:
            return self._keep(self._asked, app_id, user)

    def asked(self, consent_id: str) -> Consent | None:
        with self._lock:
            return self._fresh(self._asked, consent_id)

    def give(self, consent_id: str) -> str | None:
        """The user consents on Dhan's page; return a token id, good for one exchange."""
        with self._lock:
            consent = self._fresh(self._asked, consent_id)
            if consent is None:
                return None
            del self._asked[consent_id]
            return self._keep(self._given, consent.app_id, consent.user)

    def consume(self, app_id: str, app_secret: str, token_id: str) -> DhanLogin:
        """Raises: DhanError: a used or expired token id, or another app's."""
        with self._lock:
            given = self._fresh(self._given, token_id)
        if given is None or given.app_id != app_id or not self._is_app(app_id, app_secret):
            raise DhanError(*INVALID_TOKEN)
        with self._lock:
            if self._given.pop(token_id, None) is None:
                raise DhanError(*INVALID_TOKEN)
        return self.issue(given.user)

    def log_in(self, client_id: str, pin: str, code: str) -> DhanLogin:
        """Raises: DhanError: not this user's PIN and the code of this half minute."""
        user, now = client_id.upper(), self._now()
        secret = totp_secret(DHAN, user)
        shown = (totp.code(secret, now - timedelta(seconds=s)) for s in (0, 30, -30))
        is_code = any(hmac.compare_digest(code.encode(), each.encode()) for each in shown)
        if not USER.fullmatch(user) or not hmac.compare_digest(pin.encode(), PIN.encode()):
            raise DhanError(*INVALID_TOKEN)
        if not is_code:
            raise DhanError(*INVALID_TOKEN)
        return self.issue(user)

    def issue(self, user: str) -> DhanLogin:
        ends_at = self._now() + TOKEN_LIFE
        return DhanLogin(user=user, token=self._tokens.issue(user, ends_at), ends_at=ends_at)

    def user_of(self, access_token: str) -> str | None:
        """Whose token this is, from the header `access-token`."""
        return self._tokens.user_of(access_token)

    def end(self, access_token: str) -> None:
        """This token is worth nothing from now on."""
        self._tokens.end(access_token)

    def ends_at(self, access_token: str) -> datetime:
        return self._tokens.ends_at(access_token) or self._now()

    def _is_app(self, app_id: str, app_secret: str) -> bool:
        with self._lock:
            expected = self._secrets.get(app_id, f"{app_id}-secret")
        return bool(app_id) and hmac.compare_digest(app_secret.encode(), expected.encode())

    def _keep(self, where: dict[str, Consent], app_id: str, user: str) -> str:
        name = secrets.token_hex(16)
        where[name] = Consent(app_id=app_id, user=user, ends_at=self._now() + CONSENT_LIFE)
        return name

    def _fresh(self, where: dict[str, Consent], name: str) -> Consent | None:
        consent = where.get(name)
        return None if consent is None or self._now() >= consent.ends_at else consent
