"""Logging in at Dhan: the adapter, the real SDK and the simulator together."""

from datetime import timedelta

import pytest

from application.ports.broker import Broker, BrokerDown, LoginRefused, Secrets
from tests.infrastructure.brokers.dhan_support import dhan, dhan_error
from tests.infrastructure.brokers.kite_support import as_json, far_side
from tests.infrastructure.simulator.brokers import day_token
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

NEXT_DAY = OPENING_BELL + timedelta(hours=24)


@pytest.fixture
def simulator(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


@pytest.fixture
def broker(simulator) -> Broker:
    return dhan(simulator.url, simulator.keys_dir)


def pin_and_secret(simulator, user="1000000001") -> dict[str, str]:
    made = simulator.http.post("/simulator/users", json={"broker": "dhan", "user": user}).json()
    return {"client_id": user, "password": made["pin"], "totp_secret": made["totp_secret"]}


def test_a_pasted_token_is_verified_and_lasts_as_long_as_it_says(simulator, broker):
    token = day_token(simulator, "dhan", "BOB")

    accepted = broker.log_in(
        Secrets({"client_id": " BOB ", "access_token": f"{token}\n"}), OPENING_BELL
    )

    assert (accepted.account_id, accepted.account_name) == ("BOB", "BOB")
    assert accepted.expires_at == NEXT_DAY
    assert dict(accepted.secrets) == {"client_id": "BOB", "access_token": token}


def test_pin_and_totp_get_a_token_and_are_not_kept(simulator, broker):
    accepted = broker.log_in(Secrets(pin_and_secret(simulator)), OPENING_BELL)

    assert (accepted.account_id, accepted.expires_at) == ("1000000001", NEXT_DAY)
    assert sorted(accepted.secrets) == ["access_token", "client_id"]


def test_a_token_of_somebody_else_is_refused(tmp_path):
    with far_side(lambda *_: as_json(200, {"dhanClientId": "1000000009"})) as side:
        broker = dhan(side.url, tmp_path)
        with pytest.raises(LoginRefused, match="ACCOUNT_MISMATCH"):
            broker.log_in(Secrets({"client_id": "1", "access_token": "x"}), OPENING_BELL)


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ({}, "MISSING_ARGUMENT"),
        ({"access_token": "x"}, "MISSING_ARGUMENT"),
        ({"client_id": "ALICE"}, "MISSING_ARGUMENT"),
        ({"client_id": "ALICE", "password": "123456"}, "MISSING_ARGUMENT"),
        ({"client_id": "ALICE", "totp_secret": "GEZDGNBV"}, "MISSING_ARGUMENT"),
        ({"client_id": "ALICE", "access_token": "x\ny"}, "MALFORMED_ARGUMENT"),
        (
            {"client_id": "ALICE", "password": "123456", "totp_secret": "123456"},
            "MALFORMED_ARGUMENT",
        ),
        ({"client_id": "ALICE", "access_token": "wrong"}, "CREDENTIALS_REFUSED"),
        (
            {"client_id": "ALICE", "password": "123456", "totp_secret": "GEZDGNBVGY3TQOJQ"},
            "CREDENTIALS_REFUSED",
        ),
    ],
)
def test_a_login_that_cannot_be_is_refused(broker, credentials, code):
    with pytest.raises(LoginRefused) as refused:
        broker.log_in(Secrets(credentials), OPENING_BELL)

    assert refused.value.code == code
    assert "Next: " in refused.value.advice


def test_a_token_that_has_ended_by_its_own_words_is_refused_without_asking(simulator, tmp_path):
    token = day_token(simulator, "dhan", "ALICE")

    with far_side(lambda *_: as_json(200, {})) as side:
        broker = dhan(side.url, tmp_path)
        with pytest.raises(LoginRefused, match="TOKEN_REFUSED"):
            broker.log_in(Secrets({"client_id": "ALICE", "access_token": token}), NEXT_DAY)

    assert side.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        as_json(200, {}),
        as_json(200, [1]),
        as_json(200, None),
        (202, {}, b""),
        (502, {"Content-Type": "text/html"}, b"<html>"),
        dhan_error(429, "DH-904", "slow down"),
        dhan_error(500, "DH-908", "oops"),
    ],
)
@pytest.mark.parametrize(
    "proof", [{"access_token": "x"}, {"password": "1", "totp_secret": "GEZDGNBVGY3TQOJQ"}]
)
def test_a_login_without_a_usable_answer_is_down_and_not_refused(tmp_path, answer, proof):
    with far_side(lambda *_: answer) as side:
        broker = dhan(side.url, tmp_path)
        with pytest.raises(BrokerDown):
            broker.log_in(Secrets({"client_id": "ALICE", **proof}), OPENING_BELL)


def test_the_page_for_tokens_is_dhans_own_and_only_dhan_has_it(tmp_path):
    real = dhan(None, tmp_path).login_instructions(None)
    simulated = dhan("http://127.0.0.1:9100", tmp_path).login_instructions("x")

    assert real.login_url == "https://web.dhan.co"
    assert simulated.login_url is None
    assert simulated.needs_login
