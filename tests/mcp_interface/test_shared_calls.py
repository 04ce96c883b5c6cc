"""What the server's adapters share: orders are counted over instances, and readiness tells which
brokers leave orders unanswered."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import select

from application.ports.egress import DIRECT
from infrastructure.brokers.calls import Line, NotSent
from infrastructure.store.schema import call_slots
from mcp_interface.background import Background
from mcp_interface.composition import Backend


@pytest.fixture
def backend(database) -> Iterator[Backend]:
    with closing(Backend(database.settings)) as backend:
        yield backend


@pytest.fixture
def another_instance(database) -> Iterator[Backend]:
    with closing(Backend(database.settings)) as backend:
        yield backend


def orders_let_out(line: Line, most: int) -> int:
    """How many of so many at once get a slot; nobody waits for it, and nothing is sent."""
    line.calls._pause = lambda seconds: None
    for let_out in range(most):
        try:
            line.may_write("order", places=True)
        except NotSent:
            return let_out
    return most


def test_orders_of_one_account_are_counted_together_in_all_instances(backend, another_instance):
    """Eight at once and eight that wait for them, whichever instance they came to."""
    here, elsewhere = (b.calls["kite"].line("AB1234") for b in (backend, another_instance))

    assert orders_let_out(here, 10) == 10
    assert orders_let_out(elsewhere, 100) < 10

    with backend.engine.connect() as connection:
        (account,) = connection.execute(select(call_slots.c.account)).scalars()
    assert account == backend.vault.account_fingerprint("kite", "AB1234")


def test_readiness_tells_which_brokers_leave_orders_unanswered_and_stays_green(backend):
    background = Background(backend)
    assert background.checks()["brokers"] == {"ok": True, "stopped": []}

    for _ in range(5):
        backend.calls["dhan"].breaker.ended(DIRECT, "account", clear=False)

    assert background.checks()["brokers"] == {"ok": True, "stopped": ["dhan"]}
