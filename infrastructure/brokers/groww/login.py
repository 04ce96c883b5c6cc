"""Logging in at Groww: with a day's token, or with an API key that gets one.

A TOTP secret or an API secret is used once, here, and is not kept.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from application.ports.broker import (
    AcceptedLogin,
    BrokerDown,
    LoginInstructions,
    LoginRefused,
    Secrets,
)
from application.ports.browser_login import LoginField, LoginMethod
from infrastructure.brokers.calls import no_answer
from infrastructure.brokers.groww.mapping import DayToken, Profile
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.logins import (
    ONE_TIME_CODE,
    FormsOnly,
    given,
    login_end,
    next_six_ist,
    one_time_code,
)

if TYPE_CHECKING:
    from infrastructure.brokers.groww.sdk import GrowwClient, GrowwLoginClient

T = TypeVar("T")

KEYS_PAGE = "https://groww.in/trade-api/api-keys"
_HOW = "Next: get_broker_login_instructions(broker='groww')."


def instructions(page: str | None) -> LoginInstructions:
    """How to log in. `page` is where Groww issues tokens and keys."""
    return LoginInstructions(
        needs_login=True,
        steps=(
            "Open Groww's page for API keys and log in." if page else "Get a token or a key.",
            "Either generate an access token and call authenticate_broker with broker='groww' "
            "and access_token.",
            "Or create a TOTP key and call it with api_key and totp_secret; or an approval key, "
            "approve it for today, and call it with api_key and api_secret.",
            "The login lasts until 06:00 IST. Neither secret is kept.",
        ),
        login_url=page,
    )


_API_KEY = LoginField(name="api_key", label="API key")

PAGE = FormsOnly(
    LoginMethod(
        name="totp",
        title="TOTP key",
        words="A key of Groww's with an authenticator app. It needs no approval.",
        fields=(_API_KEY, ONE_TIME_CODE),
        help_url=KEYS_PAGE,
    ),
    LoginMethod(
        name="approval",
        title="API key with approval",
        words="Approve the key for today on Groww's page first. Groww asks for that every day.",
        fields=(_API_KEY, LoginField(name="api_secret", label="API secret")),
        help_url=KEYS_PAGE,
    ),
    LoginMethod(
        name="token",
        title="Access token of today",
        words="A token that you have made on Groww's page. It is good until 06:00 IST.",
        fields=(LoginField(name="access_token", label="Access token"),),
        help_url=KEYS_PAGE,
    ),
)


def log_in(
    credentials: Secrets,
    now: datetime,
    new_client: Callable[[str], "GrowwClient"],
    new_login_client: Callable[[str], "GrowwLoginClient"],
) -> AcceptedLogin:
    """Let Groww say whose credentials these are.

    Raises:
        LoginRefused, BrokerDown: without Groww's words, which may repeat a credential.
    """
    token = given(credentials, "access_token")
    if token is None:
        api_key, proof = _proof(credentials, now)
        client = new_login_client(api_key)
        token = _asking(lambda: msgspec.convert(client.day_token(proof), DayToken)).token
    ends_at = login_end(token, now, next_six_ist(now))
    verified = new_client(token)
    profile = _asking(lambda: msgspec.convert(verified.get_user_profile(), Profile, strict=False))
    if not profile.ucc:
        raise BrokerDown("Groww did not say whose login this is.")
    return AcceptedLogin(
        account_id=profile.ucc,
        account_name=profile.ucc,
        secrets=Secrets({"access_token": token}),
        expires_at=ends_at,
    )


def _proof(credentials: Secrets, now: datetime) -> tuple[str, Mapping[str, str | int]]:
    """The API key, and what shows that it is the caller's."""
    with IMPORTING:
        from infrastructure.brokers.groww import sdk

    api_key = given(credentials, "api_key")
    api_secret = given(credentials, "api_secret")
    code = one_time_code(credentials, now)
    if api_key is None or not (api_secret or code):
        raise LoginRefused(
            "MISSING_ARGUMENT",
            "Groww needs access_token, or api_key with either totp_secret or api_secret. " + _HOW,
        )
    if code:
        return api_key, {"key_type": "totp", "totp": code}
    assert api_secret is not None
    timestamp = int(now.timestamp())
    checksum = sdk.approval_checksum(api_secret, timestamp)
    return api_key, {"key_type": "approval", "checksum": checksum, "timestamp": timestamp}


def _asking(ask: Callable[[], T]) -> T:
    with IMPORTING:
        from infrastructure.brokers.groww import sdk

    try:
        return ask()
    except sdk.GrowwAnswered as error:
        if error.status in (400, 401, 403, 404):
            raise LoginRefused(
                "CREDENTIALS_REFUSED",
                "Groww does not accept these credentials. An access token ends at 06:00 IST, and "
                "an approval key has to be approved every day. " + _HOW,
            ) from None
        raise BrokerDown(f"Groww answered {error.status}.") from None
    except Exception as error:  # noqa: BLE001  # whatever it is, it is no answer
        raise no_answer(error) from None
