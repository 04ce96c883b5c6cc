"""One sentence per event, for a person who reads the timeline; apart from it, what others wrote."""

from decimal import Decimal
from uuid import UUID

from domain import control_events as c
from domain import events as e
from domain.instants import as_text, outside
from domain.order_reports import words_of
from domain.order_text import rupees, sentences
from domain.vocabulary import Approval, OrderTerms, SwitchScope


def summary(event: e.Event) -> str:
    """One sentence for a person."""
    match event:
        case e.OrderChangeRequested() | e.OrderChangeDispatched() | e.OrderChangeAccepted():
            return _of_a_change(event)
        case e.OrderChangeRejected() | e.OrderChangeUnknown():
            return _of_a_change(event)
        case e.OrderProposed() | e.OrderConfirmed() | e.OrderDeclined() | e.OrderDenied():
            return _before_the_request(event)
        case e.OrderEvent():
            return _of_an_order(event)
        case e.SessionEvent():
            return _of_a_session(event)
        case _:
            return _beside_the_sessions(event)


def words(event: e.Event) -> str | None:
    """What a broker or a person wrote, word for word. No sentence of ours holds it: whoever shows
    it has to say whose it is."""
    match event:
        case e.OrderRejected() | e.OrderChangeRejected() if event.reached_broker:
            return words_of(event.reason)
        case e.OrderObserved() | e.OrderAdopted():
            return event.sighting.status_message
        case c.RiskLimitsChanged() | c.TradingHalted() | c.TradingResumed() | e.SessionEnded():
            return event.reason
        case _:
            return None


def _of_a_session(event: e.SessionEvent) -> str:
    match event:
        case e.SessionCreated():
            return f"Session '{event.label}' opened (number {event.generation})."
        case e.BrokerSelected():
            return f"{event.broker} became the active broker."
        case e.DataBrokerSelected(broker=None):
            return "Market data comes from the active broker again."
        case e.DataBrokerSelected():
            return f"Market data comes from {event.broker}, whichever broker is active."
        case e.BrokerAuthenticated():
            account = ", now with another account" if event.relinked else ""
            return f"Logged in to {event.broker} ({event.mode}){account}."
        case e.BrokerAuthenticationFailed():
            return f"A login to {event.broker} was refused: {event.code}."
        case e.BrokerAuthenticationExpired():
            return f"The {event.broker} login ended (found by the {event.discovered})."
        case e.BrokerLoggedOut():
            return f"Logged out of {event.broker}."
        case e.SessionExpired():
            return f"Session expired ({event.reason}), due {as_text(event.deadline)}."
        case e.SessionEnded():
            return "Session ended on purpose."
        case _:
            return type(event).__name__


def _before_the_request(event: e.OrderEvent) -> str:
    match event:
        case e.OrderProposed():
            what = "A change" if event.change_key else f"A {event.mode} order"
            parts = f" in {event.slices} slices" if event.slices > 1 else ""
            return (
                f"{what} at {event.broker} waits for a yes until {outside(event.expires_at)}: "
                f"{in_words(event.terms)}{parts}."
            )
        case e.OrderConfirmed():
            return f"Confirmed {_HOW[event.method]}."
        case e.OrderDeclined():
            return f"Declined {_HOW[event.method]}: {event.reason}."
        case e.OrderDenied():
            what = "A change" if event.change_key else f"A {event.mode} order"
            return (
                f"{what} at {event.broker} was denied by {event.rule} (version "
                f"{event.rule_version}, limit {event.threshold}): {in_words(event.terms)}. "
                f"{event.reason}"
            )
        case _:
            return type(event).__name__


def _of_an_order(event: e.OrderEvent) -> str:
    match event:
        case e.OrderRequested():
            part = f", a slice of '{event.slice_of}'" if event.slice_of else ""
            return f"{event.mode} order requested at {event.broker}: {in_words(event.terms)}{part}."
        case e.OrderDispatched():
            return "The one call to the broker was released."
        case e.OrderPlaced():
            named = f" as {event.broker_order_id}" if event.broker_order_id else ""
            return f"The broker accepted it{named}."
        case e.OrderRejected(reached_broker=True):
            return f"The broker refused it: {event.code}."
        case e.OrderRejected():
            return f"Never sent: {event.code}: {event.reason}"
        case e.OrderOutcomeUnknown():
            return f"Outcome unknown: {event.cause}"
        case e.OrderObserved(sighting=seen):
            price = f" at {rupees(seen.average_price_inr)}" if seen.average_price_inr else ""
            return f"Seen as {seen.status}: {seen.filled_shares} shares filled{price}."
        case e.OrderFoundAbsent():
            return f"Not in the broker's whole book of {outside(event.looked_at)}: never placed."
        case e.OrderAdopted():
            return (
                f"Found at {event.broker} ({event.mode}) as {event.broker_order_id} with an id of "
                f"ours, and adopted: {in_words(event.terms)}, {event.sighting.status}."
            )
        case e.OrderMismatched():
            return f"Our id is on {event.broker_order_id}, which is another order: {event.found}"
        case _:
            return type(event).__name__


def _of_a_change(event: e.OrderEvent) -> str:
    match event:
        case e.OrderChangeRequested(terms=None):
            return f"Cancelling {event.broker_order_id} was requested."
        case e.OrderChangeRequested(terms=OrderTerms() as terms):
            return f"Changing {event.broker_order_id} was requested: {in_words(terms)}."
        case e.OrderChangeDispatched():
            return f"The one call for change '{event.change_key}' was released."
        case e.OrderChangeAccepted():
            return f"Change '{event.change_key}' was accepted."
        case e.OrderChangeRejected(reached_broker=True):
            return f"Change '{event.change_key}' was refused by the broker: {event.code}."
        case e.OrderChangeRejected():
            return f"Change '{event.change_key}' was never sent: {event.code}: {event.reason}"
        case e.OrderChangeUnknown():
            return f"Outcome of change '{event.change_key}' unknown: {event.cause}"
        case _:
            return type(event).__name__


def _beside_the_sessions(event: e.Event) -> str:
    match event:
        case e.OrderKeyClaimed():
            return f"Order key '{event.order_key}' claimed."
        case c.RiskReserved():
            change = f" (change '{event.change_key}')" if event.change_key else ""
            return f"{_inr(event.value_inr)} reserved for '{event.order_key}'{change}."
        case c.RiskReleased():
            change = f" (change '{event.change_key}')" if event.change_key else ""
            return (
                f"The reservation for '{event.order_key}'{change} was given back: {event.reason}."
            )
        case c.RiskLimitsChanged():
            changes = ", ".join(
                f"{limit} back to the default" if value is None else f"{limit} {value}"
                for limit, value in sorted(event.changes.items())
            )
            return f"Limits changed: {changes}."
        case c.TradingHalted():
            order = f", because of order '{event.order_key}'" if event.order_key else ""
            by = _whom(event.by, event.order_key)
            return f"Trading halted {_WHOSE[event.scope]} {by}{order}."
        case c.TradingResumed():
            return f"Trading resumed {_WHOSE[event.scope]} {_whom(event.by)}."
        case _:
            return type(event).__name__


_HOW: dict[Approval, str] = {
    "elicitation": "in the client",
    "page": "on our page",
    "tool": "through confirm_order",
}
_WHOSE: dict[SwitchScope, str] = {
    "global": "for everybody",
    "user": "for one person",
    "account": "in one account",
}


def _whom(by: UUID | None, order_key: str | None = None) -> str:
    """The reconciler freezes because of an order; an operator has no principal either."""
    if by is not None:
        return "by the user"
    return "by the operator" if order_key is None else "by the reconciler"


def _inr(value_inr: Decimal | None) -> str:
    return "An unknown value" if value_inr is None else rupees(value_inr)


def in_words(terms: OrderTerms) -> str:
    """`BUY 10 NSE:INFY CNC LIMIT ₹1,500.00`."""
    if terms.instruction is not None:
        return " ".join(sentences(terms)).removesuffix(".")
    parts = [
        terms.transaction_type,
        str(terms.quantity_shares),
        f"{terms.exchange}:{terms.trading_symbol}",
        terms.product,
        terms.order_type,
    ]
    if terms.limit_price_inr is not None:
        parts.append(rupees(terms.limit_price_inr))
    if terms.trigger_price_inr is not None:
        parts.append(f"trigger {rupees(terms.trigger_price_inr)}")
    return " ".join(parts)
