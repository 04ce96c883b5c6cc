"""Logging in at Kite: with a request token from its login page, or with a token issued before."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from application.ports.broker import (
    AcceptedLogin,
    BrokerDown,
    LoginInstructions,
    LoginRefused,
    Secrets,
)
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.kite.mapping import NewToken, Profile
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
        profile: Profile = redeemed
        access_token = redeemed.access_token
    else:
        client = new_client(api_key, access_token)
        profile = _asking(lambda: msgspec.convert(client.profile(), Profile))
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
        raise BrokerDown(f"No usable answer from Kite ({type(error).__name__}).") from None


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
