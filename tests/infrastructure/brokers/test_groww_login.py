"""Logging in at Groww: the adapter, the real SDK and the simulator together."""

from datetime import UTC, datetime

import pytest

from application.ports.broker import Broker, BrokerDown, LoginRefused, Secrets
from tests.infrastructure.brokers.groww_support import groww, groww_error
from tests.infrastructure.brokers.kite_support import as_json, far_side
from tests.infrastructure.simulator.brokers import day_token
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

SIX_OCLOCK = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)


@pytest.fixture
def simulator(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


@pytest.fixture
def broker(simulator) -> Broker:
    return groww(simulator.url, simulator.keys_dir)


def totp_secret(simulator, api_key="alice") -> str:
    app = simulator.http.post("/simulator/apps", json={"broker": "groww", "api_key": api_key})
    return str(app.json()["totp_secret"])


def test_a_pasted_token_is_verified_and_lasts_as_long_as_it_says(simulator, broker):
    token = day_token(simulator, "groww", "BOB")

    accepted = broker.log_in(Secrets({"access_token": f" {token}\n"}), OPENING_BELL)

    assert (accepted.account_id, accepted.account_name) == ("BOB", "BOB")
    assert accepted.expires_at == SIX_OCLOCK
    assert dict(accepted.secrets) == {"access_token": token}


def test_a_totp_key_gets_a_token_and_its_secret_is_not_kept(simulator, broker):
    credentials = {"api_key": "alice", "totp_secret": totp_secret(simulator)}

    accepted = broker.log_in(Secrets(credentials), OPENING_BELL)

    assert (accepted.account_id, accepted.expires_at) == ("ALICE", SIX_OCLOCK)
    assert list(accepted.secrets) == ["access_token"]


def test_an_approval_key_gets_a_token_and_its_secret_is_not_kept(broker):
    credentials = {"api_key": "alice", "api_secret": "alice-secret"}

    accepted = broker.log_in(Secrets(credentials), OPENING_BELL)

    assert accepted.account_id == "ALICE"
    assert list(accepted.secrets) == ["access_token"]


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ({}, "MISSING_ARGUMENT"),
        ({"access_token": "  "}, "MISSING_ARGUMENT"),
        ({"api_key": "alice"}, "MISSING_ARGUMENT"),
        ({"totp_secret": "GEZDGNBV"}, "MISSING_ARGUMENT"),
        ({"access_token": "x\ny"}, "MALFORMED_ARGUMENT"),
        ({"api_key": "alice", "totp_secret": "123456"}, "MALFORMED_ARGUMENT"),
        ({"access_token": "wrong"}, "CREDENTIALS_REFUSED"),
        ({"api_key": "alice", "api_secret": "wrong"}, "CREDENTIALS_REFUSED"),
        ({"api_key": "alice", "totp_secret": "GEZDGNBVGY3TQOJQ"}, "CREDENTIALS_REFUSED"),
    ],
)
def test_a_login_that_cannot_be_is_refused(broker, credentials, code):
    with pytest.raises(LoginRefused) as refused:
        broker.log_in(Secrets(credentials), OPENING_BELL)

    assert refused.value.code == code
    assert "Next: " in refused.value.advice


def test_a_token_that_has_ended_by_its_own_words_is_refused_without_asking(simulator, tmp_path):
    token = day_token(simulator, "groww", "ALICE")

    with (
        far_side(lambda *_: as_json(200, {})) as side,
        pytest.raises(LoginRefused, match="TOKEN_REFUSED"),
    ):
        groww(side.url, tmp_path).log_in(Secrets({"access_token": token}), SIX_OCLOCK)

    assert side.asked == []


def test_a_token_that_says_nothing_ends_at_six_in_the_morning(tmp_path):
    profile = as_json(200, {"status": "SUCCESS", "payload": {"ucc": "924189"}})
    with far_side(lambda *_: profile) as side:
        accepted = groww(side.url, tmp_path).log_in(
            Secrets({"access_token": "opaque"}), OPENING_BELL
        )

    assert (accepted.account_id, accepted.expires_at) == ("924189", SIX_OCLOCK)


@pytest.mark.parametrize(
    "answer",
    [
        as_json(200, {"status": "SUCCESS", "payload": None}),
        as_json(200, {"status": "SUCCESS", "payload": {}}),
        as_json(200, {"status": "SUCCESS", "payload": {"ucc": ""}}),
        as_json(200, [{"a": 1, "b": 2}]),
        (200, {"Content-Type": "text/html"}, b"<html>"),
        groww_error(429, "GA000", "slow down"),
        groww_error(500, "GA000", "oops"),
    ],
)
def test_a_login_without_a_usable_answer_is_down_and_not_refused(tmp_path, answer):
    with far_side(lambda *_: answer) as side, pytest.raises(BrokerDown):
        groww(side.url, tmp_path).log_in(Secrets({"access_token": "x"}), OPENING_BELL)


def test_the_page_for_keys_is_growws_own_and_only_groww_has_it(tmp_path):
    real = groww(None, tmp_path).login_instructions(None)
    simulated = groww("http://127.0.0.1:9100", tmp_path).login_instructions("x")

    assert real.login_url == "https://groww.in/trade-api/api-keys"
    assert simulated.login_url is None
    assert simulated.needs_login
