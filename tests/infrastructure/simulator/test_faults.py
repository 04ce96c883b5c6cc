import time

import httpx2
import pytest

from infrastructure.simulator.control.faults import parse_fault
from tests.infrastructure.simulator.brokers import at_dhan, at_groww, day_token
from tests.infrastructure.simulator.test_kite_face import BUY_ONE_INFY

BUY = BUY_ONE_INFY | {"tag": "t1"}


@pytest.fixture
def alice(kite):
    with kite.as_user(kite.access_token("ALICE")) as http:
        yield http


@pytest.mark.parametrize(("fault", "placed"), [("drop_before", []), ("drop_after", ["t1"])])
def test_the_line_can_go_dead_before_or_after_the_order_exists(kite, alice, fault, placed):
    kite.fault(fault=fault, route="/orders")

    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):  # closed, or reset
        alice.post("/orders/regular", data=BUY)

    assert kite.accepted_tags() == placed


def test_an_answer_can_come_late_for_an_order_that_exists_at_once(kite, alice):
    kite.fault(fault="delay:0.3", route="/orders")
    began = time.monotonic()

    answer = alice.post("/orders/regular", data=BUY)

    assert time.monotonic() - began >= 0.3
    assert answer.json()["status"] == "success"


@pytest.mark.parametrize(
    ("fault", "status", "error_type"),
    [
        ("status:429", 429, "NetworkException"),
        ("status:500", 500, "GeneralException"),
        ("status:504", 504, "NetworkException"),
    ],
)
def test_a_status_is_answered_in_kites_own_words_and_nothing_happens(
    kite, alice, fault, status, error_type
):
    kite.fault(fault=fault, route="/orders")

    answer = alice.post("/orders/regular", data=BUY)

    assert (answer.status_code, answer.json()["error_type"]) == (status, error_type)
    assert kite.accepted_tags() == []


def test_a_gateways_page_hides_an_order_that_exists(kite, alice):
    kite.fault(fault="html502", route="/orders")

    answer = alice.post("/orders/regular", data=BUY)

    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert kite.accepted_tags() == ["t1"]


def test_a_body_can_stop_half_way(kite, alice):
    kite.fault(fault="truncated", route="/orders")

    with pytest.raises(httpx2.RemoteProtocolError):
        alice.post("/orders/regular", data=BUY)

    assert kite.accepted_tags() == ["t1"]


def test_an_answer_can_lack_its_content_type_or_be_a_list(kite, alice):
    kite.fault(fault="no_content_type", route="/orders")
    kite.fault(fault="json_list", route="/orders")

    bare, listed = alice.post("/orders/regular", data=BUY), alice.post("/orders/regular", data=BUY)

    assert "content-type" not in bare.headers
    assert listed.json() == [{"status": "success", "data": {"order_id": "261123033300002"}}]


def test_a_body_can_be_missing(kite, alice):
    kite.fault(fault="empty", route="/orders")

    answer = alice.post("/orders/regular", data=BUY)

    assert (answer.status_code, answer.content) == (200, b"")
    assert kite.accepted_tags() == ["t1"]


def test_right_json_can_have_another_shape(kite, alice):
    kite.fault(fault="wrong_shape", route="/orders")

    answer = alice.post("/orders/regular", data=BUY)

    assert answer.json() == {"status": "success", "data": None}
    assert kite.accepted_tags() == ["t1"]


def test_an_answer_without_an_envelope_becomes_a_string(kite):
    kite.fault(fault="wrong_shape", route="/v2/fundlimit")

    with at_dhan(kite, day_token(kite, "dhan", "ALICE")) as alice:
        assert alice.get("/fundlimit").json() == "ok"


def test_a_token_can_die_with_the_call_that_it_was_good_for(kite, alice):
    kite.fault(fault="expire_token", route="/orders", method="POST")

    answer = alice.post("/orders/regular", data=BUY)

    assert answer.json()["status"] == "success"
    assert kite.accepted_tags() == ["t1"]
    assert alice.get("/orders").json()["error_type"] == "TokenException"


@pytest.mark.parametrize(("broker", "at_broker"), [("dhan", at_dhan), ("groww", at_groww)])
def test_day_tokens_can_die_too(kite, broker, at_broker):
    path = {"dhan": "/holdings", "groww": "/holdings/user"}[broker]
    kite.fault(fault="expire_token", route="/v")

    with at_broker(kite, day_token(kite, broker, "ALICE")) as alice:
        assert [alice.get(path).status_code for _ in range(2)] == [200, 401]


def test_an_answer_can_come_in_slow_pieces(kite, alice):
    kite.fault(fault="dribble:0.5", route="/orders")
    began = time.monotonic()

    answer = alice.post("/orders/regular", data=BUY)

    assert time.monotonic() - began >= 0.5
    assert answer.json()["status"] == "success"


def test_an_answer_can_never_come_for_an_order_that_exists(kite, alice):
    kite.fault(fault="hang", route="/orders")

    with pytest.raises(httpx2.ReadTimeout):
        alice.post("/orders/regular", data=BUY, timeout=1)

    assert kite.accepted_tags() == ["t1"]


def test_a_fault_hits_only_whom_it_is_for_and_only_so_often(kite, alice):
    kite.fault(fault="status:500", route="/orders", method="POST", user="ALICE", calls=2)
    with kite.as_user(kite.access_token("BOB")) as bob:
        assert bob.post("/orders/regular", data=BUY).status_code == 200

    answers = [alice.get("/orders"), *(alice.post("/orders/regular", data=BUY) for _ in range(3))]

    assert [answer.status_code for answer in answers] == [200, 500, 500, 200]


def test_an_order_can_be_refused_in_any_words(kite, alice):
    kite.fault(fault="reject", words="Insufficient funds.\nCall your mother.", route="/orders")

    answer = alice.post("/orders/regular", data=BUY)

    assert answer.status_code == 400
    assert answer.json()["message"] == "Insufficient funds.\nCall your mother."
    assert kite.accepted_tags() == []


def test_faults_can_be_called_off(kite, alice):
    kite.fault(fault="status:500", calls=100)

    kite.http.delete("/simulator/faults")

    assert alice.get("/orders").status_code == 200


@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "drop",
        "delay",
        "delay:soon",
        "delay:nan",
        "delay:inf",
        "delay:-1",
        "drop_after:1",
        "status",
        "dribble",
        "hang:1",
    ],
)
def test_a_fault_that_does_not_exist_is_refused(spelled):
    with pytest.raises(ValueError, match=r"no fault|could not convert"):
        parse_fault(spelled)
