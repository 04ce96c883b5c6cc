"""Logging in at Kite: with a request token from its login page, or with a token issued before."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

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
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.kite.map_account import Account, NewToken
from infrastructure.brokers.logins import next_six_ist

if TYPE_CHECKING:
    from infrastructure.brokers.kite.sdk import KiteClient

T = TypeVar("T")

# What can stand in an HTTP header; of Kite's own values none has anything else.
_CREDENTIAL = re.compile(r"[!-9;-~]{1,512}")
_HOW = "Next: get_broker_login_instructions(broker='kite')."


def instructions(page: str, api_key: str | None) -> LoginInstructions:
    """How to log in; with an api_key also where. `page` is the address of the login page."""
    login_url = None
    if api_key and _CREDENTIAL.fullmatch(api_key):
        login_url = f"{page}?v=3&api_key={quote(api_key, safe='')}"
    return LoginInstructions(
        needs_login=True,
        steps=(
            "Have the api_key and api_secret of your own Kite Connect app at hand "
            "(developers.kite.trade).",
            "Open the login page and log in at Kite."
            if login_url
            else "Ask again with your api_key to get the address of the login page.",
            "Copy the request_token from the address that you are sent to. It works once, "
            "and for a few minutes.",
            "Call authenticate_broker with broker='kite', api_key, api_secret and "
            "request_token. The login lasts until 06:00 IST.",
        ),
        login_url=login_url,
    )


_APP = (
    LoginField(name="api_key", label="Kite Connect app: API key", is_secret=False, stays=True),
    LoginField(name="api_secret", label="Kite Connect app: API secret", stays=True),
)
APPS_PAGE = "https://developers.kite.trade/apps"


class KiteBrowser:
    """See `application.ports.browser_login.BrowserLogin`. `page` is where people log in."""

    def __init__(self, page: str) -> None:
        self._page = page

    def methods(self) -> tuple[LoginMethod, ...]:
        return (
            LoginMethod(
                name="kite",
                title="Log in at Kite",
                words="You are sent to Kite's own login page and come back here.",
                fields=_APP,
                leads_to=self._page,
                help_url=APPS_PAGE,
            ),
            LoginMethod(
                name="address",
                title="Paste the address that Kite sent you to",
                words="For an app whose redirect URL is another one: log in at Kite, and copy the "
                "whole address of the page that you end up on.",
                fields=(*_APP, LoginField(name="request_token", label="Address, or request token")),
                help_url=APPS_PAGE,
            ),
        )

    def depart(self, credentials: Secrets, state: str, egress: Egress = DIRECT) -> Departure:
        api_key, api_secret = _given(credentials, "api_key"), _given(credentials, "api_secret")
        if api_key is None or api_secret is None:
            raise LoginRefused("MISSING_ARGUMENT", "Kite needs API key and API secret.")
        echoed = quote(urlencode({"state": state}), safe="")
        return Departure(
            url=f"{self._page}?v=3&api_key={quote(api_key, safe='')}&redirect_params={echoed}",
            kept=Secrets({"api_key": api_key, "api_secret": api_secret}),
        )

    def returned(self, answer: Mapping[str, str]) -> Secrets:
        request_token = answer.get("request_token", "")
        if answer.get("status") != "success" or not request_token:
            raise LoginRefused("NOT_AGREED", "Kite says that the login was not completed there.")
        return Secrets({"request_token": request_token})


def log_in(
    credentials: Secrets, now: datetime, new_client: Callable[[str, str | None], "KiteClient"]
) -> AcceptedLogin:
    """Let Kite say whose credentials these are.

    Raises:
        LoginRefused, BrokerDown: without Kite's words, which may repeat a credential.
    """
    api_key = _given(credentials, "api_key")
    if api_key is None:
        raise LoginRefused("MISSING_ARGUMENT", "api_key is missing. Next: give it.")
    access_token = _given(credentials, "access_token")
    if access_token is None:
        redeemed = _redeem(credentials, new_client(api_key, None))
        profile: Account = redeemed
        access_token = redeemed.access_token
    else:
        client = new_client(api_key, access_token)
        profile = _asking(lambda: msgspec.convert(client.profile(), Account))
    return AcceptedLogin(
        account_id=profile.user_id,
        account_name=profile.user_name or profile.user_id,
        secrets=Secrets({"api_key": api_key, "access_token": access_token}),
        expires_at=next_six_ist(now),
    )


def _redeem(credentials: Secrets, client: "KiteClient") -> NewToken:
    request_token = _given(credentials, "request_token")
    api_secret = _given(credentials, "api_secret")
    if request_token is None or api_secret is None:
        raise LoginRefused(
            "MISSING_ARGUMENT",
            "Kite needs api_key with either access_token, or api_secret and request_token. " + _HOW,
        )
    return _asking(
        lambda: msgspec.convert(client.generate_session(request_token, api_secret), NewToken)
    )


def _asking(ask: Callable[[], T]) -> T:
    with IMPORTING:
        from infrastructure.brokers.kite import sdk

    try:
        return ask()
    except sdk.TokenException:
        raise LoginRefused(
            "TOKEN_REFUSED",
            "Kite does not accept this token. A request_token works once and for a few minutes. "
            + _HOW,
        ) from None
    except sdk.KiteException as error:
        if error.code in (400, 401, 403, 404):
            raise LoginRefused(
                "CREDENTIALS_REFUSED",
                "Kite does not accept these credentials. Next: check api_key and api_secret.",
            ) from None
        raise BrokerDown(f"Kite answered {error.code}.") from None
    except Exception as error:  # noqa: BLE001  # the SDK raises all sorts of things
        raise no_answer(error) from None


def _given(credentials: Secrets, name: str) -> str | None:
    """A pasted value, without the blanks around it; `None` when it is missing.

    Raises:
        LoginRefused: nothing that Kite ever issued looks like this.
    """
    value = credentials.get(name, "").strip()
    if name == "request_token" and "request_token=" in value:
        # People paste the whole address that the login sent them to.
        value = parse_qs(urlsplit(value).query).get("request_token", [""])[0]
    if not value:
        return None
    if not _CREDENTIAL.fullmatch(value):
        raise LoginRefused(
            "MALFORMED_ARGUMENT", f"{name} holds characters that Kite never uses. Next: copy it."
        )
    return value
