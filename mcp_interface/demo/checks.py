"""What has to hold after the story. A check that fails makes the demo fail."""

import signal
from collections.abc import Callable
from typing import Final, NamedTuple

from mcp_interface.demo.story import DESKS, PEOPLE, Notes, desk, order_key

ALICE_AT_KITE: Final = desk("alice", "kite")
ALICES_KEY: Final = order_key("alice", "kite")

TOLD: Final = [
    "order_proposed",
    "order_confirmed",
    "order_requested",
    "reserved",
    "claimed",
    "order_dispatched",
    "order_placed",
    "order_observed",
]
"""What the audit timeline has about one order, in this order."""


class Check(NamedTuple):
    name: str
    holds: bool


def _unchanged(notes: Notes) -> bool:
    kept = ("sessionId", "createdAt", "activeBroker", "authenticatedBrokers", "endsAt")
    return bool(notes.before) and all(
        [notes.after[name].get(f) for f in kept] == [notes.before[name].get(f) for f in kept]
        for name in PEOPLE
    )


CHECKS: Final[dict[str, Callable[[Notes], bool]]] = {
    "every person has a session of their own": lambda n: (
        len(set(n.session_ids.values())) == len(PEOPLE) == len(n.session_ids)
    ),
    "Alice's choice is Alice's": lambda n: n.active_after_alice.get("alice") == "kite",
    "Bob's active broker is still none": lambda n: n.active_after_alice.get("bob", "?") is None,
    "Charlie's active broker is still none": lambda n: (
        n.active_after_alice.get("charlie", "?") is None
    ),
    "Alice is logged in to the simulated Kite": lambda n: (
        n.login.get("authenticated") is True and n.login.get("mode") == "SIMULATED"
    ),
    "statistics count three active sessions": lambda n: n.statistics.get("activeSessions") == 3,
    "statistics name each person's broker": lambda n: (
        {row["user"]: row["activeBroker"] for row in n.sessions}
        == {"alice": "kite", "bob": None, "charlie": None}
    ),
    "nobody is let in without a token": lambda n: n.without_token == 401,
    "nobody is let in with a made-up token": lambda n: n.with_made_up_token == 401,
    "three choices at once do not mix": lambda n: (
        n.concurrent == {"alice": "groww", "bob": "dhan", "charlie": "kite"}
    ),
    "every order is filled, in simulated money": lambda n: (
        [(o.get("status"), o.get("mode")) for o in n.orders.values()]
        == [("FILLED", "SIMULATED") for _ in DESKS]
    ),
    "each order went to its own broker": lambda n: (
        {at: o.get("broker") for at, o in n.orders.items()}
        == {desk(name, broker): broker for name, broker, _ in DESKS}
    ),
    "Alice has two brokers in one session, Bob and Charlie one each": lambda n: (
        {name: sorted(brokers) for name, brokers in n.logged_in.items()}
        == {"alice": ["groww", "kite"], "bob": ["groww"], "charlie": ["dhan"]}
    ),
    "Alice and Charlie are asked in their clients, about exactly their orders": lambda n: (
        [question.split(" at ")[0] for question in n.questions["alice"] + n.questions["charlie"]]
        == [f"Buy 10 shares of NSE:{symbol}" for symbol in ("RELIANCE", "SBIN", "INFY")]
    ),
    "Bob, whose client cannot be asked, says yes on the approval page": lambda n: (
        n.questions["bob"] == [] and n.approved_on_page == {"alice": 0, "bob": 1, "charlie": 0}
    ),
    "the same order key sends nothing twice": lambda n: (
        n.retry.get("repeated") is True
        and bool(n.retry.get("brokerOrderId"))
        and n.retry.get("brokerOrderId") == n.orders[ALICE_AT_KITE].get("brokerOrderId")
    ),
    "everyone sees their own orders and nobody else's": lambda n: (
        n.order_keys == {desk(name, broker): [order_key(name, broker)] for name, broker, _ in DESKS}
    ),
    "two people at one broker hold different shares": lambda n: (
        bool(n.holdings.get("alice@groww"))
        and bool(n.holdings.get("bob@groww"))
        and n.holdings["alice@groww"] != n.holdings["bob@groww"]
    ),
    "the server was killed outright": lambda n: n.exit_status == -signal.SIGKILL,
    "every session is there again, rebuilt from events": _unchanged,
    "every order is there again": lambda n: (
        bool(n.order_keys) and n.order_keys_after == n.order_keys
    ),
    "the audit timeline tells Alice's order in full": lambda n: (
        [e["event"].split(".")[1] for e in n.timeline if e["orderKey"] == ALICES_KEY] == TOLD
    ),
    "a moment before her order, the audit knows none": lambda n: (
        n.state_before_order.get("orders") == []
        and n.state_before_order.get("activeBroker") == "groww"
    ),
    "now, the audit knows both of her orders as filled": lambda n: (
        sorted((o["orderKey"], o["status"]) for o in n.state_now.get("orders", []))
        == [(order_key("alice", "groww"), "FILLED"), (ALICES_KEY, "FILLED")]
    ),
}


def judge(notes: Notes) -> list[Check]:
    """Every check, in the order of the story. One that cannot even be made does not hold."""
    return [Check(name, _holds(check, notes)) for name, check in CHECKS.items()]


def _holds(check: Callable[[Notes], bool], notes: Notes) -> bool:
    try:
        return check(notes)
    except (KeyError, IndexError, TypeError, AttributeError):
        return False
