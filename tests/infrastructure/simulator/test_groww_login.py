import hashlib

import pytest

from infrastructure import totp
from tests.infrastructure.simulator.brokers import at_groww, day_token
from tests.infrastructure.simulator.support import OPENING_BELL


@pytest.fixture
def alice(kite):
    with at_groww(kite, day_token(kite, "groww", "ALICE")) as http:
        yield http


def asked_for_token(kite, api_key, **body):
    return kite.http.post(
        "/v1/token/api/access", json=body, headers={"Authorization": f"Bearer {api_key}"}
    )


def approval(secret, at=OPENING_BELL):
    stamp = int(at.timestamp())
    checksum = hashlib.sha256(f"{secret}{stamp}".encode()).hexdigest()
    return {"key_type": "approval", "checksum": checksum, "timestamp": stamp}


def payload(answer):
    assert (answer.status_code, answer.json()["status"]) == (200, "SUCCESS")
    return answer.json()["payload"]


def error_of(answer) -> tuple[int, str]:
    assert answer.json()["status"] == "FAILURE"
    return answer.status_code, answer.json()["error"]["code"]


def test_a_totp_key_becomes_a_days_token_whose_fields_have_no_envelope(kite):
    secret = kite.http.post("/simulator/apps", json={"broker": "groww", "api_key": "alice"})
    shown = totp.code(secret.json()["totp_secret"], OPENING_BELL)

    answer = asked_for_token(kite, "alice", key_type="totp", totp=shown)

    assert answer.json()["expiry"] == "2026-11-24T06:00:00"
    with at_groww(kite, answer.json()["token"]) as http:
        assert payload(http.get("/user/detail"))["ucc"] == "ALICE"


def test_an_approval_key_becomes_a_days_token_by_its_checksum(kite):
    assert asked_for_token(kite, "alice", **approval("alice-secret")).status_code == 200


@pytest.mark.parametrize(
    ("api_key", "body"),
    [
        ("alice", {"key_type": "totp", "totp": "000000"}),
        ("alice", {"key_type": "approval"}),
        ("alice", approval("another secret")),
        ("alice", approval("alice-secret", OPENING_BELL.replace(hour=2))),
        ("no such key", approval("no such key-secret")),
        ("-", approval("--secret")),
    ],
)
def test_without_a_proof_there_is_no_token(kite, api_key, body):
    assert error_of(asked_for_token(kite, api_key, **body)) == (401, "GA005")


def test_a_key_type_that_groww_does_not_know_is_a_bad_request(kite):
    assert error_of(asked_for_token(kite, "alice", key_type="magic")) == (400, "GA001")


def test_a_key_can_belong_to_another_user_and_have_a_secret_of_its_own(kite):
    kite.http.post(
        "/simulator/apps",
        json={"broker": "groww", "api_key": "mykey", "api_secret": "s", "user": "bob"},
    )

    answer = asked_for_token(kite, "mykey", **approval("s"))

    with at_groww(kite, answer.json()["token"]) as http:
        assert payload(http.get("/user/detail"))["ucc"] == "BOB"


def test_a_token_ends_at_six_in_the_morning(kite, alice):
    kite.clock.advance(hours=20, minutes=44, seconds=59)
    assert alice.get("/user/detail").status_code == 200

    kite.clock.advance(seconds=1)

    assert error_of(alice.get("/user/detail")) == (401, "GA005")


@pytest.mark.parametrize(
    "bend", [lambda t: t[:-1], lambda t: f"a{t}", lambda t: "x", lambda t: "."]
)
def test_a_token_that_was_changed_is_no_token(kite, bend):
    token = day_token(kite, "groww", "ALICE")

    with at_groww(kite, bend(token)) as http:
        assert error_of(http.get("/order/list")) == (401, "GA005")


def test_a_token_of_one_broker_is_worth_nothing_at_another(kite):
    with at_groww(kite, day_token(kite, "dhan", "ALICE")) as http:
        assert error_of(http.get("/order/list")) == (401, "GA005")


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/simulator/tokens", {"broker": "kite", "user": "ALICE"}),
        ("/simulator/tokens", {"broker": "groww", "user": "x y"}),
        ("/simulator/apps", {"broker": "groww", "api_key": "k", "user": "x y"}),
        ("/simulator/apps", {"broker": "groww", "api_key": "k"}),
    ],
)
def test_a_wrong_control_request_is_refused(kite, route, body):
    assert kite.http.post(route, json=body).status_code == 400
