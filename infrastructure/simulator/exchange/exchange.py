"""The one exchange behind every simulated broker. It has no other participants.

Built in three steps: `Books` is what can be read, `Trading` adds orders, and this adds what goes
beyond a single order: triggers that wait, conversions, the kill switch, margins and charges.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import count

from infrastructure.simulator.exchange import charges as fees
from infrastructure.simulator.exchange import conversion, margins
from infrastructure.simulator.exchange.accounts import Account
from infrastructure.simulator.exchange.books import found_gtt
from infrastructure.simulator.exchange.gtt import LIFE, Gtt, GttTerms, check_triggers
from infrastructure.simulator.exchange.orders import OrderRequest, OrderType, Product
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.exchange.trading import Trading, check_kill_switch
from infrastructure.simulator.market.hours import AROUND_THE_CLOCK, MarketHours
from infrastructure.simulator.market.prices import expires_at

_AS_LIMIT: dict[OrderType, OrderType] = {"MARKET": "LIMIT", "SL-M": "SL"}


class Exchange(Trading):
    """`seed` decides prices and first holdings, `now` is the clock, `hours` say when it is open."""

    def __init__(
        self, seed: int, now: Callable[[], datetime], hours: MarketHours = AROUND_THE_CLOCK
    ) -> None:
        super().__init__(seed, now, hours)
        self._gtt_ids = count(int(now().timestamp()))  # another one after every restart

    def convert(
        self,
        broker: str,
        user: str,
        symbol: str,
        source: Product,
        shares: int,
        *,
        target: Product,
        exchange: str = "NSE",
    ) -> None:
        """Move shares of the day's open position from `source` to `target`.

        Raises:
            Refused: the position is as it was.
        """
        with self._looking(broker, user) as (account, now):
            instrument = self.venue.instrument(exchange, symbol, now)
            conversion.convert(account, instrument, source, target, shares)
            self._note(account, "convert", f"{exchange}:{symbol}", now)

    def set_kill_switch(self, broker: str, user: str, *, on: bool) -> None:
        """Trade no more today, or again. As Dhan documents, only with nothing open.

        Raises:
            Refused: orders or positions are open.
        """
        with self._looking(broker, user) as (account, now):
            is_open = any(position.net_shares for position in account.positions.values())
            if on and (account.working or is_open):
                raise Refused("ORDER", "Close all positions and cancel pending orders first.")
            account.kill_switch = on
            self._note(account, "kill_switch", "on" if on else "off", now)

    def place_gtt(self, broker: str, user: str, terms: GttTerms) -> int:
        """Wait for a price with one order, or with two of which one cancels the other.

        Raises:
            Refused: there is no trigger.
        """
        with self._looking(broker, user) as (account, now):
            check_kill_switch(account)
            last = self._check_gtt(terms, now)
            gtt_id = next(self._gtt_ids)
            account.gtts[gtt_id] = Gtt(
                gtt_id=gtt_id,
                terms=terms,
                status="active",
                created_at=now,
                updated_at=now,
                expires_at=self._gtt_end(terms, now),
                last_price_inr=last,
            )
            self._note(account, "place_gtt", str(gtt_id), now)
            return gtt_id

    def modify_gtt(self, broker: str, user: str, gtt_id: int, terms: GttTerms) -> None:
        """Raises: Refused: it is not there, not waiting any more, or the terms are no good."""
        with self._looking(broker, user) as (account, now):
            check_kill_switch(account)
            gtt = _waiting(account, gtt_id)
            last = self._check_gtt(terms, now)
            account.gtts[gtt_id] = replace(gtt, terms=terms, updated_at=now, last_price_inr=last)
            self._note(account, "modify_gtt", str(gtt_id), now)

    def cancel_gtt(self, broker: str, user: str, gtt_id: int) -> None:
        """Raises: Refused: it is not there, or not waiting any more."""
        with self._looking(broker, user) as (account, now):
            gtt = _waiting(account, gtt_id)
            account.gtts[gtt_id] = replace(gtt, status="cancelled", updated_at=now)
            self._note(account, "cancel_gtt", str(gtt_id), now)

    def margin(self, broker: str, user: str, request: OrderRequest) -> margins.Margin:
        """What this order would need beside what is open now, in INR. Blocks nothing.

        Raises:
            Refused: not listed.
        """
        return self.basket_margin(broker, user, (request,), consider_positions=True).orders[0]

    def basket_margin(
        self,
        broker: str,
        user: str,
        requests: Iterable[OrderRequest],
        *,
        consider_positions: bool,
    ) -> margins.BasketMargin:
        """What these orders would need one by one, and together.

        Raises:
            Refused: one is not listed.
        """
        with self._looking(broker, user) as (account, now):
            orders = []
            for request in requests:
                instrument = self.venue.instrument(request.exchange, request.symbol, now)
                orders.append((request, instrument, self.venue.last(instrument, now)))
            return margins.basket_margin(account.legs() if consider_positions else {}, orders)

    def charges(self, request: OrderRequest, price_inr: Decimal | None = None) -> fees.Charges:
        """What this order would cost if it traded at `price_inr`, else its limit, else the last.

        Raises:
            Refused: not listed.
        """
        now = self.now()
        instrument = self.venue.instrument(request.exchange, request.symbol, now)
        each = price_inr or request.limit_price_inr or self.venue.last(instrument, now)
        return fees.charges(
            instrument, request.product, request.side, request.quantity_shares, each
        )

    def protected(self, request: OrderRequest) -> OrderRequest:
        """The order that a broker makes of one at market: a limit at the end of the band.

        Raises:
            Refused: not listed.
        """
        if not request.is_at_market:
            return request
        now = self.now()
        instrument = self.venue.instrument(request.exchange, request.symbol, now)
        start = request.trigger_price_inr or self.venue.last(instrument, now)
        return replace(
            request,
            order_type=_AS_LIMIT[request.order_type],
            limit_price_inr=self.venue.worst_price(request, instrument, start),
            market_protection_percent=None,
        )

    def _check_gtt(self, terms: GttTerms, now: datetime) -> Decimal:
        for leg in terms.legs:
            self._checked(replace(leg.request, limit_price_inr=None), now)
        instrument = self.venue.instrument(terms.exchange, terms.symbol, now)
        last = self.venue.last(instrument, now)
        check_triggers(terms, instrument, last)
        return last

    def _gtt_end(self, terms: GttTerms, now: datetime) -> datetime:
        instrument = self.venue.instrument(terms.exchange, terms.symbol, now)
        year = now + LIFE
        return min(year, expires_at(instrument)) if instrument.is_contract else year


def _waiting(account: Account, gtt_id: int) -> Gtt:
    gtt = found_gtt(account, gtt_id)
    if gtt.status != "active":
        raise Refused("ORDER", f"The trigger is {gtt.status}.")
    return gtt
