"""What holds after every step, read from the log, the broker and the model; see also
`tests/simulation/checks.py`, whose checks of the whole log are made here, too."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from application.orders.sending import way_of
from application.ports.broker import Access
from application.ports.broker_orders import OrderTicket
from domain import events as e
from domain.catalog import EVENTS, Catalog
from domain.limits import parse
from domain.open_orders import OpenOrder
from domain.order_reports import OrderReport, order_reports
from domain.risk_ledger import fold_ledger
from domain.session import TradingSession, evolve, fold
from domain.streams import risk_ledger_stream, session_stream
from domain.vocabulary import SETTLED_STATUSES, BrokerName
from tests.simulation.checks import Broken, check_denials, check_history
from tests.state_machine.bench import Story
from tests.state_machine.broker import StoryBroker
from tests.state_machine.changes import Model
from tests.state_machine.model import Order, Session

CEILING: Final = parse(
    "max_order_value_inr=100000000, max_value_per_day_inr=1000000000, max_orders_per_day=1000"
)
"""Above every limit that a story sets; the model judges by the exact ones."""


class Watch:
    """Looks at every order call before it takes effect."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._sent: set[str] = set()
        for broker in story.brokers:
            broker.watch = self.order_is_sent
            broker.watch_change = self.change_is_sent

    def order_is_sent(self, access: Access, ticket: OrderTicket) -> None:
        must(ticket.broker_tag not in self._sent, f"sent twice: {ticket.order_key}")
        self._sent.add(ticket.broker_tag)
        mine = [f for f in self._facts(access.principal) if f.order_key == ticket.order_key]
        must(any(isinstance(f, e.OrderDispatched) for f in mine), "sent before it was on record")
        [asked] = [f for f in mine if isinstance(f, e.OrderRequested)]
        must(asked.terms == ticket.terms, "other terms than were asked for")
        must(asked.broker_tag == ticket.broker_tag, "another id than was asked for")
        self._is_the_way(access, asked.account_fingerprint, asked.egress, asked.broker)

    def change_is_sent(self, access: Access, broker_order_id: str) -> None:
        mine = list(self._facts(access.principal))
        sent = {f.change_key for f in mine if isinstance(f, e.OrderChangeDispatched)}
        asked = [
            f
            for f in mine
            if isinstance(f, e.OrderChangeRequested)
            and f.broker_order_id == broker_order_id
            and f.change_key in sent
        ]
        must(bool(asked), f"changed without a dispatch on record: {broker_order_id}")

    def _facts(self, principal: UUID) -> Iterable[e.OrderEvent]:
        for opened in self._story.store.directory:
            if opened.principal == principal:
                for row in self._story.store.streams[opened.session_id]:
                    event = self._story.catalog.read(row).event
                    if isinstance(event, e.OrderEvent):
                        yield event

    def _is_the_way(
        self, access: Access, account: str, egress: str | None, broker: BrokerName
    ) -> None:
        must(way_of(access.egress) == egress, "sent by another way")
        named = access.account_id
        if broker == "kite":
            token = self._story.kite.tokens[access.secrets["access_token"]]
            whose = (access.principal, access.account_id)
            must((token.principal, token.account_id) == whose, "sent with another's token")
        else:
            named = str(access.principal)
        found = self._story.vault.account_fingerprint(broker, named)
        must(found == account, "sent in another account")


class Invariants:
    """Keeps each session's state as it grew, to compare it with one that is loaded from scratch."""

    def __init__(self, story: Story, model: Model) -> None:
        self._story, self._model = story, model
        self._grown: dict[UUID, TradingSession | None] = {}
        self._rows = 0

    def check(self) -> None:
        check_history(self._story.store, self._story.catalog, CEILING)
        check_denials(self._story.store, self._story.catalog, self._story.kite.placed)
        for broker in (self._story.kite, self._story.paper):
            _each_order_is_there_once(broker)
        there = len(self._story.kite.placed) + len(self._story.paper.placed)
        must(there == self._model.expected_there, f"{there} orders at the brokers")
        self._new_rows()
        for session in self._model.sessions:
            self._session_is_as_predicted(session)
        must(len(self._story.store.directory) == len(self._model.sessions), "another session")
        self._ledgers()

    def _new_rows(self) -> None:
        new, fresh = self._story.store.rows[self._rows :], Catalog(EVENTS)
        self._rows += len(new)
        grown = set()
        for row in new:
            must(b"canary" not in row.state, f"a secret in {row.name}")
            if row.name.startswith("trading_session."):
                before = self._grown.get(row.stream_id)
                self._grown[row.stream_id] = evolve(before, fresh.read(row).event)
                grown.add(row.stream_id)
        for stream in grown:
            loaded = fold(fresh.read(row).event for row in self._story.store.streams[stream])
            must(loaded == self._grown[stream], "the state is not the fold of the log")

    def _session_is_as_predicted(self, mine: Session) -> None:
        stream = session_stream(mine.who, mine.label, mine.generation)
        recorded = [self._story.catalog.read(row) for row in self._story.store.streams[stream]]
        must(all(r.envelope.principal == mine.who for r in recorded), "in another's session")
        state = self._grown[stream]
        assert state is not None, "a session that was opened"
        now = self._model.now  # whether a login past the broker's clock is noted yet is no matter
        logins = {n for n, login in state.logins.items() if now < (login.expires_at or now)}
        expected_login = mine.login is not None and now < mine.login.expires_at
        must(logins == ({"kite"} if expected_login else set()), f"logged in to {logins}")
        must(state.active_broker == mine.active, f"active is {state.active_broker}")
        must(mine.ended is None or state.ended in (None, mine.ended), f"ended: {state.ended}")
        reports = order_reports(r.event for r in recorded)
        expected = [o for o in self._model.orders if o.session is mine]
        must(list(reports) == [o.key for o in expected], f"orders are {list(reports)}")
        for order in expected:
            self._order_is_as_predicted(order, reports[order.key])
            _is_open_as_told(state.orders.get(order.key), reports[order.key])

    def _order_is_as_predicted(self, order: Order, report: OrderReport) -> None:
        seen = report.sighting
        told = (
            report.state,
            report.broker_order_id,
            report.terms,
            (seen.status, seen.filled_shares) if seen else None,
            [(c.change_key, c.kind, c.state) for c in report.changes],
        )
        changes = [(c.key, c.kind, c.state) for c in order.changes]
        expected = (order.state, order.broker_id, order.terms, order.seen, changes)
        must(told == expected, f"{order.key} is {told}, expected {expected}")
        must(not (report.safe_to_retry and order.there), f"{order.key} is safe to retry, and live")

    def _ledgers(self) -> None:
        for who in self._model.taken:
            stream = risk_ledger_stream(who, self._model.today)
            rows = self._story.store.streams.get(stream, [])
            ledger = fold_ledger(self._story.catalog.read(row).event for row in rows)
            today = [t for t in self._model.taken[who] if t.day == self._model.today]
            expected = len(today), self._model.value_today(who)
            must((ledger.orders, ledger.value_inr) == expected, f"the ledger says {ledger}")


def _each_order_is_there_once(broker: StoryBroker) -> None:
    tags = [(p.account_id, *p.tags) for p in broker.placed]
    must(len(tags) == len(set(tags)), "doubled")


def _is_open_as_told(order: OpenOrder | None, report: OrderReport) -> None:
    settled = report.sighting is not None and report.sighting.status in SETTLED_STATUSES
    if settled or report.state in ("REJECTED", "ABSENT"):
        must(order is None, f"{report.request.order_key} is over, and open")
        return
    assert order is not None, f"{report.request.order_key} is {report.state}, and not open"
    must(order.stage.upper() == report.state, f"{order.stage} is told as {report.state}")
    must(order.terms == report.terms, "other terms than are told")
    must(order.broker_order_id == report.broker_order_id, "another id than is told")
    unfinished = {c.change_key for c in report.changes if c.state not in ("ACCEPTED", "REJECTED")}
    must(set(order.changes) == unfinished, f"changes {set(order.changes)}, told {unfinished}")


def must(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(what)
