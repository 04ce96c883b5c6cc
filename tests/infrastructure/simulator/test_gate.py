"""Rate limits and registered addresses, over the wire of every broker."""

import httpx2
import pytest

from tests.infrastructure.simulator.brokers import at_dhan, at_groww, day_token
from tests.infrastructure.simulator.test_dhan_face import BUY_ONE_INFY as AT_DHAN
from tests.infrastructure.simulator.test_groww_face import BUY_ONE_INFY as AT_GROWW
from tests.infrastructure.simulator.test_kite_face import BUY_ONE_INFY as AT_KITE


@pytest.fixture
def alice(kite):
    with kite.as_user(kite.access_token("ALICE")) as http:
        yield http


def register(kite, broker, *addresses):
    asked = {"broker": broker, "user": "alice", "addresses": list(addresses)}
    kite.http.post("/simulator/addresses", json=asked).raise_for_status()


def test_one_call_too_many_is_refused_in_kites_words_until_the_next_second(kite, alice):
    kite.http.post("/simulator/limits", json={"on": True}).raise_for_status()
    first, second = (alice.get("/quote/ltp", params={"i": "NSE:INFY"}) for _ in range(2))
    kite.clock.advance(seconds=1)
    third = alice.get("/quote/ltp", params={"i": "NSE:INFY"})

    assert [first.status_code, second.status_code, third.status_code] == [200, 429, 200]
    assert second.json()["error_type"] == "NetworkException"
    assert second.json()["message"] == "Too many requests"


def test_limits_that_are_switched_off_again_refuse_nothing(kite, alice):
    kite.http.post("/simulator/limits", json={"on": True}).raise_for_status()
    kite.http.post("/simulator/limits", json={"on": False}).raise_for_status()

    answers = [alice.get("/quote/ltp", params={"i": "NSE:INFY"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_kite_takes_orders_from_registered_addresses_only(kite, alice):
    register(kite, "kite", "127.0.0.77")

    refused = alice.post("/orders/regular", data=AT_KITE)
    cancelled = alice.delete("/orders/regular/1")

    assert (refused.status_code, refused.json()["error_type"]) == (403, "PermissionException")
    assert cancelled.status_code == 403
    assert kite.accepted_tags() == []
    assert alice.get("/orders").json()["data"] == []


def test_the_registered_address_is_the_one_that_the_call_comes_from(kite, alice):
    register(kite, "kite", "127.0.0.77", "127.0.0.78")
    transport = httpx2.HTTPTransport(local_address="127.0.0.78")
    headers = alice.headers

    with httpx2.Client(base_url=kite.url, headers=headers, transport=transport) as elsewhere:
        answer = elsewhere.post("/orders/regular", data=AT_KITE)

    assert answer.status_code == 200


def test_dhan_and_groww_refuse_strange_addresses_in_their_own_words(kite):
    for broker in ("dhan", "groww"):
        register(kite, broker, "127.0.0.77")
    with (
        at_dhan(kite, day_token(kite, "dhan", "ALICE")) as dhan,
        at_groww(kite, day_token(kite, "groww", "ALICE")) as groww,
    ):
        from_dhan = dhan.post("/orders", json=AT_DHAN)
        from_groww = groww.post("/order/create", json=AT_GROWW)

        assert dhan.get("/orders").status_code == groww.get("/order/list").status_code == 200

    assert from_dhan.status_code == 400
    assert from_dhan.json() == {
        "errorType": "Input_Exception",
        "errorCode": "DH-905",
        "errorMessage": "Invalid IP",
    }
    assert (from_groww.status_code, from_groww.json()["error"]["code"]) == (403, "GA005")
    assert kite.accepted_tags() == []


def test_an_empty_list_lets_every_address_in_again(kite, alice):
    register(kite, "kite", "127.0.0.77")

    register(kite, "kite")

    assert alice.post("/orders/regular", data=AT_KITE).status_code == 200


def test_another_customer_is_not_held_to_it(kite, alice):
    register(kite, "kite", "127.0.0.77")

    with kite.as_user(kite.access_token("BOB")) as bob:
        assert bob.post("/orders/regular", data=AT_KITE).status_code == 200
