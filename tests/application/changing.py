"""What the tests of modifying, cancelling and stopping do."""

from decimal import Decimal
from typing import NoReturn
from uuid import UUID

from application.orders.change_draft import NewTerms
from application.orders.change_order import Change
from application.orders.place_order import Asked
from application.orders.request_change import ChangeReceipt
from application.ports.broker_orders import Declined, Unproven
from domain.instants import trading_day
from domain.risk_ledger import Reservation, fold_ledger
from domain.streams import risk_ledger_stream
from tests.application.world import ASHA, OPENING_BELL, World, context

TO_TWENTY = NewTerms(quantity_shares=20)
CHEAPER = NewTerms(limit_price_inr=Decimal("1475.50"))

NO_ANSWER = Unproven(cause="no answer within 7 s")
TOO_LATE = Declined(code="ORDER_NOT_OPEN", reason="The order is complete.")

TODAY = risk_ledger_stream(ASHA, trading_day(OPENING_BELL))


class Crash(BaseException):
    """The process dies here. Not an Exception: nothing may catch it."""


def crash() -> NoReturn:
    raise Crash


def change(
    world: World,
    new: NewTerms | None,
    key: str | None = "c1",
    *,
    order: str = "k1",
    broker: str | None = None,
    variety: str | None = None,
    principal: UUID = ASHA,
    label: str = "default",
) -> ChangeReceipt | Asked:
    """Enter and change, as one call of a client does."""
    wanted = Change(order=order, new=new, change_key=key, broker=broker, variety=variety)
    return world.change_order(context(principal), world.entered(principal, label), wanted)


def changed(world: World, new: NewTerms | None, key: str | None = "c1", **more) -> ChangeReceipt:
    """The same, where nobody is asked."""
    receipt = change(world, new, key, **more)
    assert isinstance(receipt, ChangeReceipt)
    return receipt


def asked(world: World, new: NewTerms, key: str | None = "c1") -> Asked:
    """The same, where somebody is."""
    question = change(world, new, key)
    assert isinstance(question, Asked)
    return question


def yes(world: World, question: Asked) -> ChangeReceipt:
    return world.change_order.confirmed(
        context(), question.session_id, question.proposal.proposal_id, "elicitation"
    )


def held(world: World, change_key: str | None = "c1") -> Reservation | None:
    """What k1, or a change of it, takes from today's limits."""
    return fold_ledger(world.events(TODAY)).reservations.get(("k1", change_key))
