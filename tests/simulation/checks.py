"""What must hold whatever happened: read from the log and from the broker, never from the engine's
own answers alone. Numbers are those of the list in docs/order-safety.md."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from domain import control_events as c
from domain import events as e
from domain.catalog import Catalog
from domain.envelope import NO_HASH, Recorded
from domain.limits import RiskLimits
from domain.order_reports import OrderReport, order_reports
from domain.risk_ledger import fold_ledger
from domain.streams import GLOBAL_SWITCH, account_switch_stream, user_switch_stream
from tests.simulation.broker import Placed
from tests.simulation.store import SimulatedStore


class Broken(AssertionError):
    """A promise that was not kept."""


def log_of(store: SimulatedStore, catalog: Catalog) -> list[Recorded]:
    return [catalog.read(row) for row in store.rows]


def reports_of(store: SimulatedStore, catalog: Catalog) -> dict[tuple[UUID, str], OrderReport]:
    """Every order, by its session and key."""
    found: dict[tuple[UUID, str], OrderReport] = {}
    for opened in store.directory:
        events = [catalog.read(row).event for row in store.streams[opened.session_id]]
        for key, report in order_reports(events).items():
            found[opened.session_id, key] = report
    return found


def check_history(store: SimulatedStore, catalog: Catalog, limits: RiskLimits) -> None:
    """What holds at any moment, also in the middle."""
    log = log_of(store, catalog)
    _chains_are_whole(store, catalog)
    _nothing_is_dispatched_twice(log)
    _nothing_is_dispatched_after_a_halt(log)
    _each_yes_is_used_once(log)
    _limits_hold_at_every_prefix(log, limits)


def check_end(store: SimulatedStore, catalog: Catalog, placed: Iterable[Placed]) -> None:
    """What holds when all is quiet and the day is over."""
    at_broker: dict[str, list[Placed]] = {}
    for order in placed:
        at_broker.setdefault(order.tags[0], []).append(order)
    by_tag: dict[str, list[OrderReport]] = {}
    for report in reports_of(store, catalog).values():
        by_tag.setdefault(report.request.broker_tag, []).append(report)
    for tag, orders in at_broker.items():
        _must(len(orders) == 1, f"doubled: {len(orders)} orders at the broker for {tag}")
        _must(tag in by_tag, f"lost: {tag} is at the broker and nowhere else")
    for tag, reports in by_tag.items():
        _must(len(reports) == 1, f"told twice: {tag}")
        [report] = reports
        theirs = at_broker.get(tag, [])
        _must(
            report.state not in ("REQUESTED", "DISPATCHED", "UNKNOWN"),
            f"unresolved: {report.request.order_key} is {report.state}",
        )
        if report.state == "PLACED":
            _must(bool(theirs), f"phantom: {report.request.order_key} is not at the broker")
            _is_the_same(report, theirs[0])
        else:
            _must(not theirs, f"lost: {report.request.order_key} is {report.state} and live")


def check_denials(store: SimulatedStore, catalog: Catalog, placed: Iterable[Placed]) -> None:
    """It was never said, not even for a while, of an order at the broker that it is not there:
    whoever hears that places another one."""
    live = {tag for order in placed for tag in order.tags}
    tags: dict[tuple[UUID, str], str] = {}
    for r in log_of(store, catalog):
        match r.event:
            case e.OrderRequested(order_key=key, broker_tag=tag):
                tags[r.envelope.principal, key] = tag
            case e.OrderRejected(order_key=key) | e.OrderFoundAbsent(order_key=key):
                denied = tags.get((r.envelope.principal, key))
                _must(denied not in live, f"lost: {key} was said not to be at the broker")


def _is_the_same(report: OrderReport, theirs: Placed) -> None:
    asked = report.request.terms
    _must(report.broker_order_id == theirs.broker_order_id, "it has another broker order id")
    _must(asked.trading_symbol == theirs.terms.trading_symbol, "it is another share")
    _must(asked.transaction_type == theirs.terms.transaction_type, "it is another side")
    doubtful = any(change.state == "UNKNOWN" for change in report.changes)
    if not doubtful:
        _must(report.terms == theirs.terms, "the broker has other terms than the log")
    dispatched = [c for c in report.changes if c.state not in ("REQUESTED", "REJECTED")]
    _must(theirs.changes <= len(dispatched), "changed more often than it was asked for")
    if theirs.status == "CANCELLED":
        asked_to = any(change.kind == "cancel" for change in report.changes)
        _must(asked_to, "cancelled without being asked")


def _chains_are_whole(store: SimulatedStore, catalog: Catalog) -> None:
    for rows in store.streams.values():
        previous = NO_HASH
        for version, row in enumerate(rows, start=1):
            recorded = catalog.read(row)
            _must(row.version == version, "a gap in a stream")
            _must(recorded.envelope.previous_hash == previous, "a broken chain")
            previous = recorded.hash


def _nothing_is_dispatched_twice(log: list[Recorded]) -> None:
    sent = Counter[tuple[UUID, str, str | None]]()
    for r in log:
        match r.event:
            case e.OrderDispatched(order_key=key):
                sent[r.envelope.principal, key, None] += 1
            case e.OrderChangeDispatched(order_key=key, change_key=change):
                sent[r.envelope.principal, key, change] += 1
    for name, times in sent.items():
        _must(times == 1, f"dispatched {times} times: {name}")


def _nothing_is_dispatched_after_a_halt(log: list[Recorded]) -> None:
    halted: set[UUID] = set()
    switches: dict[tuple[UUID, str], set[UUID]] = {}
    kinds: dict[tuple[UUID, str, str], str] = {}
    for r in log:
        who = r.envelope.principal
        match r.event:
            case c.TradingHalted():
                halted.add(r.envelope.stream_id)
            case c.TradingResumed():
                halted.discard(r.envelope.stream_id)
            case e.OrderRequested(order_key=key) | e.OrderAdopted(order_key=key):
                account = account_switch_stream(r.event.account_fingerprint)
                switches[who, key] = {GLOBAL_SWITCH, user_switch_stream(who), account}
            case e.OrderChangeRequested(order_key=key, change_key=change, kind=kind):
                kinds[who, key, change] = kind
            case e.OrderDispatched(order_key=key):
                is_off = bool(halted & switches[who, key])
                _must(not is_off, f"{key} was dispatched while trading was halted")
            case e.OrderChangeDispatched(order_key=key, change_key=change):
                is_off = kinds[who, key, change] == "modify" and bool(halted & switches[who, key])
                _must(not is_off, f"{key} was modified while halted")


def _each_yes_is_used_once(log: list[Recorded]) -> None:
    texts: dict[str, str] = {}
    on_paper: set[tuple[UUID, str]] = set()
    said_yes: set[str] = set()
    used: set[str] = set()
    for r in log:
        match r.event:
            case e.OrderProposed():
                texts[r.event.proposal_id] = r.event.text_hash
            case e.OrderConfirmed(proposal_id=proposal):
                _must(proposal not in said_yes, "a yes was taken twice")
                _must(texts[proposal] == r.event.text_hash, "a yes to another text")
                said_yes.add(proposal)
            case e.OrderRequested(mode="PAPER", order_key=key):
                on_paper.add((r.envelope.principal, key))
            case e.OrderRequested(approval=approval):
                _must(approval in said_yes, "requested without a yes")
                _must(approval not in used, "a yes was used twice")
                used.add(approval or "")
            case e.OrderChangeRequested(approval=approval, kind="modify", order_key=key):
                if (r.envelope.principal, key) in on_paper:
                    continue
                _must(approval in said_yes, "modified without a yes")
                _must(approval not in used, "a yes was used twice")
                used.add(approval or "")


def _limits_hold_at_every_prefix(log: list[Recorded], limits: RiskLimits) -> None:
    seen: dict[UUID, list[e.Event]] = {}
    for r in log:
        if not isinstance(r.event, c.RiskReserved | c.RiskReleased):
            continue
        events = seen.setdefault(r.envelope.stream_id, [])
        events.append(r.event)
        if isinstance(r.event, c.RiskReserved):
            ledger = fold_ledger(events)
            _must(ledger.orders <= limits.max_orders_per_day, "more orders than a day has")
            most = max(limits.max_value_per_day_inr, Decimal(0))
            _must(ledger.value_inr <= most, "more value than a day has")


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(what)
