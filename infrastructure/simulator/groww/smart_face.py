"""Groww's smart orders over HTTP: GTT and OCO. Documented, not recorded.

Prices are texts here. An OCO gets out of an open position, of shares one of MIS only; what a
modification cannot change is refused here, which Groww may also leave out silently.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from threading import Lock
from typing import Final

from starlette.requests import Request
from starlette.routing import Route

from domain.instants import IST
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.gtt import Gtt, GttTerms
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.groww import rows
from infrastructure.simulator.groww.answers import invalid, of_user, segment_of, whole
from infrastructure.simulator.groww.login import GROWW, GrowwLogins
from infrastructure.simulator.groww.names import instrument_at
from infrastructure.simulator.groww.smart_wire import (
    STATUSES,
    WORDS,
    Changed,
    NewSmart,
    changed_terms,
    leg_orders,
    smart_id,
    smart_row,
    status_of,
)
from infrastructure.simulator.groww.wire import REFERENCE, GrowwError, read

_PER_PAGE: Final = 10
_MOST_PER_PAGE: Final = 50
_MOST_PAGES: Final = 500
_MONTH: Final = timedelta(days=31)


class GrowwSmartFace:
    def __init__(self, exchange: Exchange, logins: GrowwLogins) -> None:
        self.exchange = exchange
        self.logins = logins
        self._placing = Lock()
        self._references: set[tuple[str, str]] = set()

    def routes(self) -> list[Route]:
        logins, tail = self.logins, "{segment}/{word}"
        return [
            of_user(logins, "/order-advance/create", self.create, "POST", 201),
            of_user(logins, "/order-advance/modify/{id}", self.modify, "PUT", 202),
            of_user(logins, f"/order-advance/cancel/{tail}/{{id}}", self.cancel, "POST", 202),
            of_user(logins, f"/order-advance/status/{tail}/internal/{{id}}", self.one),
            of_user(logins, "/order-advance/list", self.all),
        ]

    async def create(self, user: str, request: Request) -> object:
        new = read(await request.body(), NewSmart)
        if not REFERENCE.fullmatch(new.reference_id):
            raise invalid("reference_id")
        instrument = instrument_at(
            self.exchange.now(), new.exchange, new.segment, new.trading_symbol
        )
        terms = GttTerms(
            exchange=instrument.exchange,
            symbol=instrument.symbol,
            legs=leg_orders(new, instrument),
        )
        if new.smart_order_type == "OCO":
            self._check_position(user, new, terms)
        with self._placing:
            if (user, new.reference_id) in self._references:
                raise GrowwError(409, "GA007", "Duplicate order reference id.")
            gtt_id = self.exchange.place_gtt(GROWW, user, terms)
            self._references.add((user, new.reference_id))
        return smart_row(self.exchange.gtt(GROWW, user, gtt_id), self._last(terms))

    async def modify(self, user: str, request: Request) -> object:
        asked = read(await request.body(), Changed)
        gtt = self._find(user, request.path_params["id"], asked.segment, asked.smart_order_type)
        _must_wait(gtt, "modified")
        self.exchange.modify_gtt(GROWW, user, gtt.gtt_id, changed_terms(gtt.terms, asked))
        return _short(self.exchange.gtt(GROWW, user, gtt.gtt_id)) | {
            "quantity": asked.quantity or gtt.terms.legs[0].request.quantity_shares
        }

    async def cancel(self, user: str, request: Request) -> object:
        gtt = self._named(user, request)
        _must_wait(gtt, "cancelled")
        self.exchange.cancel_gtt(GROWW, user, gtt.gtt_id)
        return _short(self.exchange.gtt(GROWW, user, gtt.gtt_id))

    async def one(self, user: str, request: Request) -> object:
        gtt = self._named(user, request)
        return smart_row(gtt, self._last(gtt.terms))

    async def all(self, user: str, request: Request) -> object:
        """By default today's OCO orders that wait; the time is that at which they were made."""
        asked = request.query_params
        word, status = asked.get("smart_order_type", "OCO"), asked.get("status", "ACTIVE")
        if word not in WORDS.values() or status not in STATUSES:
            raise invalid("smart_order_type or status")
        size = whole(request, "page_size", _PER_PAGE, 1, _MOST_PER_PAGE)
        first = whole(request, "page", 0, 0, _MOST_PAGES) * size
        start, end = self._span(request)
        segment = segment_of(request)
        found = [
            gtt
            for gtt in self.exchange.gtts(GROWW, user)
            if (WORDS[gtt.kind], rows.place(gtt.terms.exchange)[1]) == (word, segment)
            and status_of(gtt) == status
            and start <= gtt.created_at <= end
        ]
        return {
            "orders": [smart_row(gtt, self._last(gtt.terms)) for gtt in found[first : first + size]]
        }

    def _span(self, request: Request) -> tuple[datetime, datetime]:
        midnight = self.exchange.now().astimezone(IST).replace(hour=0, minute=0, second=0)
        start = _instant(request, "start_date_time", midnight)
        end = _instant(request, "end_date_time", midnight + timedelta(days=1))
        if not timedelta(0) <= end - start <= _MONTH:
            raise GrowwError(400, "GA001", "Bad request: the range is at most one month.")
        return start, end

    def _check_position(self, user: str, new: NewSmart, terms: GttTerms) -> None:
        if new.segment == "CASH" and new.product_type != "MIS":
            raise Refused("INPUT", "OCO orders for CASH segment are supported for MIS only.")
        held = sum(
            position.net_shares
            for position in self.exchange.positions(GROWW, user)
            if (position.exchange, position.symbol) == (terms.exchange, terms.symbol)
            and position.product == new.product_type
        )
        closable = held if new.transaction_type == "SELL" else -held
        if new.quantity > closable or new.quantity > abs(new.net_position_quantity or 0):
            raise GrowwError(400, "GA006", "Quantity exceeds the net position.")

    def _last(self, terms: GttTerms) -> Decimal:
        return self.exchange.last_price(terms.symbol, terms.exchange)

    def _named(self, user: str, request: Request) -> Gtt:
        asked = request.path_params
        return self._find(user, asked["id"], asked["segment"], asked["word"])

    def _find(self, user: str, smart_id: str, segment: str, word: str) -> Gtt:
        """Raises: Refused: this customer has none like that."""
        prefix, _, number = smart_id.partition("_")
        if not number.isdigit() or prefix != word.lower():
            raise Refused("NOT_FOUND", "Requested entity does not exist.")
        gtt = self.exchange.gtt(GROWW, user, int(number))
        if WORDS[gtt.kind] != word or rows.place(gtt.terms.exchange)[1] != segment:
            raise Refused("NOT_FOUND", "Requested entity does not exist.")
        return gtt


def _short(gtt: Gtt) -> rows.Row:
    return {
        "smart_order_id": smart_id(gtt),
        "smart_order_type": WORDS[gtt.kind],
        "status": status_of(gtt),
    }


def _must_wait(gtt: Gtt, verb: str) -> None:
    if gtt.status != "active":
        said = status_of(gtt).lower()
        raise GrowwError(400, "GA006", f"Smart order cannot be {verb} as it is {said}.")


def _instant(request: Request, name: str, otherwise: datetime) -> datetime:
    said = request.query_params.get(name)
    if said is None:
        return otherwise
    try:
        return datetime.strptime(said, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=IST)
    except ValueError:
        raise invalid(name) from None
