import base64
import json
from datetime import UTC, datetime

import pytest

from application.ports.broker import LoginRefused
from infrastructure.brokers.logins import login_end, token_end

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIX = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)


def token(claims: object) -> str:
    packed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{packed}.signature"


def test_a_token_ends_when_it_says():
    assert token_end(token({"exp": SIX.timestamp()})) == SIX
    assert login_end(token({"exp": int(SIX.timestamp())}), NOON, NOON) == SIX


@pytest.mark.parametrize(
    "says_nothing",
    [
        "opaque",
        "a.b.c",
        "a.\u00e4.c",
        "..",
        token({}),
        token([]),
        token({"exp": "tomorrow"}),
        token({"exp": None}),
        token({"exp": 10**30}),
        token({"exp": 1e300}),
    ],
)
def test_a_token_that_says_nothing_ends_when_the_brokers_tokens_do(says_nothing):
    assert token_end(says_nothing) is None
    assert login_end(says_nothing, NOON, SIX) == SIX


def test_a_token_that_has_ended_is_no_login():
    with pytest.raises(LoginRefused, match="TOKEN_REFUSED"):
        login_end(token({"exp": NOON.timestamp()}), NOON, SIX)
