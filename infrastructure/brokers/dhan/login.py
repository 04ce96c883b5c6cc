"""Logging in at Dhan: with a consent given on Dhan's page, with a PIN and an authenticator app, or
with a day's token.

PIN, code and TOTP secret are used once, here, and are not kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from application.ports.broker import (
    AcceptedLogin,
    BrokerDown,
    LoginInstructions,
    LoginRefused,
    Secrets,
)
from application.ports.browser_login import Departure, LoginField, LoginMethod
from application.ports.egress import DIRECT, Egress
from infrastructure.brokers.calls import no_answer
from infrastructure.brokers.dhan.mapping import Profile
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.logins import ONE_TIME_CODE, given, login_end, one_time_code

if TYPE_CHECKING:
    from infrastructure.brokers.dhan.sdk import DhanClient

T = TypeVar("T")

TOKENS_PAGE: Final = "https://web.dhan.co"
TOKEN_LIFE: Final = timedelta(hours=24)
APPS_PAGE: Final = "https://web.dhan.co/index/profile"
_HOW = "Next: get_broker_login_instructions(broker='dhan')."
_CLIENT_ID = LoginField(name="client_id", label="Dhan client id", is_secret=False)


class DhanAuth(Protocol):
    """Dhan's login host. Every method answers with Dhan's JSON."""

    def generate_consent(self, client_id: str, app_id: str, app_secret: str) -> object: ...
    def consume_consent(
        self, client_id: str, token_id: str, app_id: str, app_secret: str
    ) -> object: ...
    def by_pin(self, client_id: str, pin: str, code: str) -> object: ...


class NewToken(msgspec.Struct, rename="camel"):
    """Dhan's answer to a PIN and a code, or to a consent."""

    access_token: str
    dhan_client_id: str | None = None
    dhan_client_name: str | None = None


class _Consent(msgspec.Struct, rename="camel"):
    consent_app_id: str


class DhanBrowser:
    """See `application.ports.browser_login.BrowserLogin`. `page` is where people consent."""

    def __init__(self, page: str, auth: Callable[[Egress], DhanAuth]) -> None:
        self._page = page
        self._auth = auth

    def methods(self) -> tuple[LoginMethod, ...]:
        return (
            LoginMethod(
                name="consent",
                title="Log in at Dhan",
                words="You are sent to Dhan's own page and come back here.",
                fields=(
                    replace(_CLIENT_ID, stays=True),
                    LoginField(name="app_id", label="App id", is_secret=False, stays=True),
                    LoginField(name="app_secret", label="App secret", stays=True),
                ),
                leads_to=self._page,
                help_url=APPS_PAGE,
            ),
            LoginMethod(
                name="pin",
                title="PIN and authenticator app",
                words="Where TOTP is set up at Dhan. Neither PIN nor code is kept.",
                fields=(
                    _CLIENT_ID,
                    LoginField(name="password", label="PIN", is_number=True),
                    ONE_TIME_CODE,
                ),
            ),
            LoginMethod(
                name="token",
                title="Access token",
                words="Made under 'My Profile', 'Access DhanHQ APIs'. It is good for 24 hours.",
                fields=(_CLIENT_ID, LoginField(name="access_token", label="Access token")),
                help_url=TOKENS_PAGE,
            ),
        )

    def depart(self, credentials: Secrets, state: str, egress: Egress = DIRECT) -> Departure:
        """Dhan hands no state through: the cookie of the browser says which login comes back."""
        kept = {name: given(credentials, name) for name in ("client_id", "app_id", "app_secret")}
        values = {name: value for name, value in kept.items() if value}
        if len(values) < len(kept):
            raise LoginRefused("MISSING_ARGUMENT", "Dhan needs client id, app id and app secret.")
        auth = self._auth(egress)
        consent = _asking(lambda: msgspec.convert(auth.generate_consent(**values), _Consent))
        where = quote(consent.consent_app_id, safe="")
        return Departure(url=f"{self._page}?consentAppId={where}", kept=Secrets(values))

    def returned(self, answer: Mapping[str, str]) -> Secrets:
        token_id = answer.get("tokenId", "")
        if not token_id:
            raise LoginRefused("NOT_AGREED", "Dhan says that the login was not completed there.")
        return Secrets({"token_id": token_id})


def instructions(page: str | None) -> LoginInstructions:
    """How to log in. `page` is where Dhan issues tokens."""
    return LoginInstructions(
        needs_login=True,
        steps=(
            "Open Dhan's page and log in." if page else "Get a token for your client id.",
            "Under 'My Profile', 'Access DhanHQ APIs', generate an access token. It is good for "
            "24 hours.",
            "Call authenticate_broker with broker='dhan', client_id and access_token.",
            "Or, where TOTP is set up at Dhan, call it with client_id, password (the PIN) and "
            "totp_secret. Neither is kept.",
        ),
        login_url=page,
    )


def log_in(
    credentials: Secrets,
    now: datetime,
    new_client: Callable[[str, str], "DhanClient"],
    auth: DhanAuth,
) -> AcceptedLogin:
    """Let Dhan say whose credentials these are.

    Raises:
        LoginRefused, BrokerDown: without Dhan's words, which may repeat a credential.
    """
    with IMPORTING:
        from infrastructure.brokers.dhan import sdk

    client_id = given(credentials, "client_id")
    if client_id is None:
        raise LoginRefused("MISSING_ARGUMENT", f"client_id is missing. {_HOW}")
    token, name = given(credentials, "access_token"), None
    if token is None:
        ask = _issue(credentials, client_id, now, auth)
        issued = _asking(lambda: msgspec.convert(ask(), NewToken))
        token, name = issued.access_token, issued.dhan_client_name
        _must_be(client_id, issued.dhan_client_id or client_id)
    ends_at = login_end(token, now, now + TOKEN_LIFE)
    client = new_client(client_id, token)
    profile = _asking(
        lambda: msgspec.convert(sdk.asked(client, lambda dhan: dhan.get_profile()), Profile)
    )
    account_id = profile.dhan_client_id
    _must_be(client_id, account_id)
    return AcceptedLogin(
        account_id=account_id,
        account_name=name or account_id,
        secrets=Secrets({"client_id": account_id, "access_token": token}),
        expires_at=ends_at,
    )


def _must_be(client_id: str, account_id: str) -> None:
    if account_id.upper() != client_id.upper():
        raise LoginRefused(
            "ACCOUNT_MISMATCH",
            "This access token belongs to another client_id. Next: give the two that belong "
            "together.",
        )


def _issue(
    credentials: Secrets, client_id: str, now: datetime, auth: DhanAuth
) -> Callable[[], object]:
    """The question that Dhan answers with a new token."""
    token_id, app_id = given(credentials, "token_id"), given(credentials, "app_id")
    app_secret = given(credentials, "app_secret")
    if token_id and app_id and app_secret:
        return lambda: auth.consume_consent(client_id, token_id, app_id, app_secret)
    pin, code = given(credentials, "password"), one_time_code(credentials, now)
    if pin is None or code is None:
        raise LoginRefused(
            "MISSING_ARGUMENT",
            "Dhan needs client_id with either access_token, or password (the PIN) and "
            "totp_secret. " + _HOW,
        )
    return lambda: auth.by_pin(client_id, pin, code)


def _asking(ask: Callable[[], T]) -> T:
    with IMPORTING:
        from infrastructure.brokers.dhan import sdk

    try:
        return ask()
    except sdk.DhanRefused as error:
        if error.status in (400, 401, 403, 404):
            raise LoginRefused(
                "CREDENTIALS_REFUSED",
                "Dhan does not accept these credentials. An access token is good for 24 hours. "
                + _HOW,
            ) from None
        raise BrokerDown(f"Dhan answered {error.status}.") from None
    except Exception as error:  # noqa: BLE001  # whatever it is, it is no answer
        raise no_answer(error) from None
