"""Orders at the broker that bear an id of ours and that no event tells of, or that the log has
given up: the store was restored from a backup, or lost its end, or a book showed an order later
than any should. They become orders again; foreign ones are never touched."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from application.orders.judging import RECENT_SESSIONS, value_of
from application.orders.observe import Book
from application.orders.sending import day_of
from application.ports.broker_orders import BrokerOrder
from application.ports.vault import Vault
from application.sessions.broker_access import Admission
from application.writer import Context, Loaded, Writer
from domain import orders
from domain.control_events import RiskReleased, RiskReserved
from domain.errors import Refusal
from domain.events import Event, OrderAdopted, OrderKeyClaimed
from domain.instants import trading_day
from domain.open_orders import as_request
from domain.order_reports import OrderReport, order_reports
from domain.risk_ledger import fold_ledger, same_as
from domain.session import fold
from domain.streams import order_key_stream, risk_ledger_stream
from domain.vocabulary import Mode, OrderTerms

DAYS: Final = 5
"""An after-market order of Friday is in Monday's book."""


class _Stray(NamedTuple):
    """A row to be taken in, under which key of which session."""

    tag: str
    row: BrokerOrder
    order_key: str
    session_id: UUID


@dataclass(frozen=True, kw_only=True)
class Adopt:
    writer: Writer
    vault: Vault

    def __call__(
        self, context: Context, session_id: UUID, admission: Admission, mode: Mode, book: Book
    ) -> int:
        """Take in what the book has of ours and the log has not (any more); say how many."""
        ours = {
            tag: row
            for row in book.orders
            for tag in row.broker_tags
            if self.vault.is_our_tag(context.principal, book.account_fingerprint, tag)
        }
        strays = self._strays(context.principal, session_id, ours, book) if ours else []
        return sum(self._adopt(context, admission, mode, book, stray) for stray in strays)

    def _strays(
        self, principal: UUID, session_id: UUID, ours: dict[str, BrokerOrder], book: Book
    ) -> list[_Stray]:
        """Looked up after the book was read: an order that is in both was stored first."""
        strays, left = list[_Stray](), dict(ours)
        for opened in reversed(self.writer.store.sessions_of(principal)[-RECENT_SESSIONS:]):
            if not left:
                return strays
            loaded = self.writer.load(opened.session_id)
            for key, report in order_reports(loaded.events).items():
                tag = report.request.broker_tag
                row = left.pop(tag, None)
                if row is not None and _was_given_up(loaded, report) and not _is_refused(row):
                    strays.append(_Stray(tag, row, key, opened.session_id))
        for back in range(DAYS if left else 0):
            day = trading_day(book.read_at - timedelta(days=back))
            ledger = fold_ledger(self.writer.load(risk_ledger_stream(principal, day)).events)
            for reservation in ledger.reservations.values():
                left.pop(reservation.broker_tag, None)
        lost = [_Stray(tag, row, orders.adopted_key(tag), session_id) for tag, row in left.items()]
        return strays + lost

    def _adopt(
        self, context: Context, admission: Admission, mode: Mode, book: Book, stray: _Stray
    ) -> int:
        terms = _terms_of(stray.row)
        if terms is None:
            return 0
        login, key = admission.login, stray.order_key
        fact = OrderAdopted(
            order_key=key,
            broker=book.broker,
            mode=mode,
            account_fingerprint=book.account_fingerprint,
            credential_version=login.credential_version if login else 0,
            broker_tag=stray.tag,
            broker_order_id=stray.row.broker_order_id,
            terms=terms,
            sighting=stray.row.sighting,
            placed_at=stray.row.placed_at or book.read_at,
        )

        def decision(streams: Sequence[Loaded]) -> list[list[Event]]:
            report = order_reports(streams[0].events).get(key)
            claimed = any(isinstance(e, OrderKeyClaimed) for e in streams[1].events)
            if report is None and claimed:  # adopted into another session
                return [[], [], []]
            if report is not None and not _was_given_up(streams[0], report):
                return [[], [], []]
            fingerprint = orders.fingerprint(book.broker, book.account_fingerprint, terms)
            claim = OrderKeyClaimed(
                order_key=key, fingerprint=fingerprint, session_id=stray.session_id
            )
            return [[fact], [] if claimed else [claim], _reserved(fact, stray.session_id)]

        streams = [
            stray.session_id,
            order_key_stream(context.principal, key),
            risk_ledger_stream(context.principal, day_of(as_request(fact))),
        ]
        return int(self.writer.record(context, streams, decision).position is not None)


def _reserved(fact: OrderAdopted, session_id: UUID) -> list[Event]:
    """What it takes from the limits of the day that it was placed on."""
    assert fact.placed_at is not None, "see above"
    reserved = RiskReserved(
        order_key=fact.order_key,
        session_id=session_id,
        broker=fact.broker,
        account_fingerprint=fact.account_fingerprint,
        same_as=same_as(fact.account_fingerprint, fact.terms),
        value_inr=value_of(fact.terms, fact.sighting.average_price_inr),
        at=fact.placed_at,
        broker_tag=fact.broker_tag,
    )
    if fact.sighting.status == "REJECTED" and not fact.sighting.filled_shares:
        return [reserved, RiskReleased(order_key=fact.order_key, reason="rejected")]
    return [reserved]


def _was_given_up(loaded: Loaded, report: OrderReport) -> bool:
    """Whether it was settled without ever having been seen: found absent, or never sent."""
    session = fold(loaded.events)
    is_open = session is not None and report.request.order_key in session.orders
    return report.sighting is None and not is_open


def _is_refused(row: BrokerOrder) -> bool:
    """Some brokers list what they have refused; that is no news of an order that was given up."""
    return row.sighting.status == "REJECTED" and not row.sighting.filled_shares


def _terms_of(row: BrokerOrder) -> OrderTerms | None:
    """What was asked for, as far as the row tells it; `None` where it is nothing that we send."""
    needs_limit, needs_trigger = row.order_type in ("LIMIT", "SL"), row.order_type in ("SL", "SL-M")
    words = {
        "exchange": row.exchange,
        "trading_symbol": row.trading_symbol,
        "transaction_type": row.transaction_type,
        "order_type": row.order_type,
        "product": row.product,
        "quantity_shares": row.quantity_shares,
        "variety": row.variety,
        "validity": row.validity,
        "limit_price_inr": row.limit_price_inr if needs_limit else None,
        "trigger_price_inr": row.trigger_price_inr if needs_trigger else None,
    }
    try:
        return orders.check_terms(msgspec.convert(words, OrderTerms))
    except (msgspec.ValidationError, Refusal):
        return None
