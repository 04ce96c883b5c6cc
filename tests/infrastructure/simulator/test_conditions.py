"""The control routes that change how the market behaves for an account."""

import pytest

from tests.infrastructure.simulator.test_kite_face import BUY_ONE_INFY

BUY_TEN = BUY_ONE_INFY | {"quantity": "10"}


@pytest.fixture
def alice(kite):
    with kite.as_user(kite.access_token("ALICE")) as http:
        yield http


def test_orders_of_an_account_can_be_made_to_fill_piece_by_piece(kite, alice):
    account = {"broker": "kite", "user": "alice"}
    pieces = account | {"shares_per_fill": 4, "seconds_per_fill": 2}
    kite.http.post("/simulator/fills", json=pieces).raise_for_status()

    alice.post("/orders/regular", data=BUY_TEN)

    (order,) = alice.get("/orders").json()["data"]
    assert (order["status"], order["filled_quantity"], order["pending_quantity"]) == ("OPEN", 4, 6)
    kite.http.request("DELETE", "/simulator/fills", json=account).raise_for_status()
    kite.clock.advance(seconds=10)
    (order,) = alice.get("/orders").json()["data"]
    assert (order["status"], order["filled_quantity"]) == ("COMPLETE", 10)


def test_the_book_of_one_account_can_be_late(kite, alice):
    late = {"seconds": 8, "broker": "kite", "user": "ALICE"}
    kite.http.post("/simulator/lag", json=late).raise_for_status()

    alice.post("/orders/regular", data=BUY_TEN)

    assert alice.get("/orders").json()["data"] == []
    with kite.as_user(kite.access_token("BOB")) as bob:
        bob.post("/orders/regular", data=BUY_TEN)
        assert len(bob.get("/orders").json()["data"]) == 1


def test_the_wire_log_tells_all_that_was_done(kite, alice):
    waiting = BUY_TEN | {"order_type": "LIMIT", "price": "1400"}
    order_id = alice.post("/orders/regular", data=waiting).json()["data"]["order_id"]
    alice.delete(f"/orders/regular/{order_id}")

    writes = kite.http.get("/simulator/wire-log").json()["writes"]

    assert [(write["action"], write["id"]) for write in writes] == [
        ("place", order_id),
        ("cancel", order_id),
    ]
    assert writes[0]["broker"] == "kite"
    assert writes[0]["at"] == "2026-11-23T03:45:00Z"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("fills", {"broker": "kite", "user": "ALICE", "shares_per_fill": 0, "seconds_per_fill": 1}),
        ("fills", {"broker": "kite", "user": "ALICE", "shares_per_fill": 1, "seconds_per_fill": 0}),
        ("fills", {"broker": "upstox", "user": "ALICE"}),
        ("lag", {"seconds": 1, "user": "ALICE"}),
        ("lag", {"seconds": -1}),
        ("limits", {"on": "yes"}),
        ("addresses", {"broker": "kite", "user": "A!", "addresses": []}),
        ("faults", {"fault": "hang", "rout": "/orders"}),
    ],
)
def test_wrong_values_are_refused(kite, path, body):
    assert kite.http.post(f"/simulator/{path}", json=body).status_code == 400
