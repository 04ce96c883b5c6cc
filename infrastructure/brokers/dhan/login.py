"""Logging in at Dhan: with a day's token, or with a PIN and the secret of an authenticator app.

PIN and TOTP secret are used once, here, and are not kept.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from application.ports.broker import (
    AcceptedLogin,
    BrokerDown,
    LoginInstructions,
    LoginRefused,
    Secrets,
)
from infrastructure import totp
from infrastructure.brokers.dhan.mapping import NewToken, Profile
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.logins import given, login_end

if TYPE_CHECKING:
    from infrastructure.brokers.dhan.sdk import DhanClient

T = TypeVar("T")

TOKENS_PAGE: Final = "https://web.dhan.co"
TOKEN_LIFE: Final = timedelta(hours=24)
_HOW = "Next: get_broker_login_instructions(broker='dhan')."


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
    new_token: Callable[[str, str, str], object],
) -> AcceptedLogin:
    """Let Dhan say whose credentials these are. `new_token` takes client id, PIN and code.

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
        pin, code = _proof(credentials, now)
        issued = _asking(lambda: msgspec.convert(new_token(client_id, pin, code), NewToken))
        token, name = issued.access_token, issued.dhan_client_name
    ends_at = login_end(token, now, now + TOKEN_LIFE)
    client = new_client(client_id, token)
    profile = _asking(
        lambda: msgspec.convert(sdk.asked(client, lambda dhan: dhan.get_profile()), Profile)
    )
    account_id = profile.dhan_client_id
    if account_id.upper() != client_id.upper():
        raise LoginRefused(
            "ACCOUNT_MISMATCH",
            "This access token belongs to another client_id. Next: give the two that belong "
            "together.",
        )
    return AcceptedLogin(
        account_id=account_id,
        account_name=name or account_id,
        secrets=Secrets({"client_id": account_id, "access_token": token}),
        expires_at=ends_at,
    )


def _proof(credentials: Secrets, now: datetime) -> tuple[str, str]:
    """PIN and code of this half minute."""
    pin = given(credentials, "password")
    totp_secret = credentials.get("totp_secret", "").strip()
    if pin is None or not totp_secret:
        raise LoginRefused(
            "MISSING_ARGUMENT",
            "Dhan needs client_id with either access_token, or password (the PIN) and "
            "totp_secret. " + _HOW,
        )
    try:
        return pin, totp.code(totp_secret, now)
    except totp.NotATotpSecret:
        raise LoginRefused(
            "MALFORMED_ARGUMENT",
            "totp_secret is not base32. Next: copy the secret, not a code of six digits.",
        ) from None


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
        raise BrokerDown(f"No usable answer from Dhan ({type(error).__name__}).") from None
