"""What tests about finding out do with a world."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from application.orders.adopt import Adopt
from application.orders.reconcile import IDLE, Reconcile
from application.ports.broker_orders import BrokerOrder
from domain.events import OrderOutcomeUnknown
from domain.order_reports import OrderReport, order_reports
from domain.risk_ledger import Reservation, fold_ledger
from domain.streams import account_switch_stream, risk_ledger_stream
from domain.switches import fold_switch
from tests.application.world import ASHA, FIRST, World, context
from tests.fakes.open_orders import open_rows

MONDAY = date(2026, 11, 23)
SIX_IN_THE_EVENING = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
"""18:00 IST: the trading day is over."""


def round_of(world: World, *book: BrokerOrder, wait: timedelta = IDLE) -> None:
    """Some time later Kite's book says this, and the reconciler looks at it."""
    world.kite.book = book
    world.clock.advance(wait)
    looks = world.reconcile.due()
    assert looks, "nothing was due"
    for look in looks:
        world.reconcile.look(look)


def another_instance(world: World) -> Reconcile:
    return Reconcile(
        open_orders=lambda: open_rows(world.store.all_sessions(), world.writer),
        admit=world.admit,
        adopt=Adopt(writer=world.writer, vault=world.vault),
        writer=world.writer,
        vault=world.vault,
        brokers=world.brokers,
        egresses=world.egresses,
        clock=world.clock,
        ids=world.ids,
    )


def unknown_at_kite(world: World, key: str = "k1", *, label: str = "default") -> str:
    """An order of Asha's at Kite whose outcome nobody knows; answer with its tag."""
    world.kite.answers = [lambda _: OrderOutcomeUnknown(order_key=key, cause="no answer")]
    world.order(key, broker="kite", label=label)
    return tag_of(world, key)


def tag_of(world: World, key: str) -> str:
    return world.vault.broker_tag(ASHA, account(world), key)


def account(world: World) -> str:
    return world.vault.account_fingerprint("kite", "AB1234")


def report(world: World, key: str = "k1", session_id: UUID = FIRST) -> OrderReport:
    return order_reports(world.events(session_id))[key]


def state(world: World, key: str = "k1", session_id: UUID = FIRST) -> str:
    return report(world, key, session_id).state


def reserved(world: World, key: str, day: date = MONDAY) -> Reservation:
    ledger = fold_ledger(world.events(risk_ledger_stream(ASHA, day)))
    return ledger.reservations[key, None]


def releases(world: World, day: date = MONDAY) -> int:
    return world.facts(risk_ledger_stream(ASHA, day)).count("RiskReleased")


def frozen(world: World) -> str | None:
    """Why the account is, if it is."""
    halted = fold_switch(world.events(account_switch_stream(account(world)))).halted
    return halted.reason if halted else None


def enter_again(world: World, label: str = "default") -> None:
    world.enter(context(), label)
