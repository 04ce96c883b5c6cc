"""Orders that wait for a price, for up to a year: Kite's GTT, Dhan's forever order, Groww's GTT."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from infrastructure.simulator.exchange.orders import ExchangeName, OrderRequest
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.exchange.venue import Venue
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.prices import is_on_tick

GttStatus = Literal["active", "triggered", "cancelled", "expired"]
LIFE = timedelta(days=365)


@dataclass(frozen=True, kw_only=True)
class GttLeg:
    """`request` is placed when the price comes to the trigger."""

    trigger_price_inr: Decimal
    request: OrderRequest


@dataclass(frozen=True, kw_only=True)
class GttTerms:
    """One leg, or two of which one cancels the other: the lower trigger first."""

    exchange: ExchangeName
    symbol: str
    legs: tuple[GttLeg, ...]


@dataclass(frozen=True, kw_only=True)
class GttFired:
    """Leg number `leg` was reached at `price_inr`; either an order came of it or a rejection."""

    leg: int
    at: datetime
    price_inr: Decimal
    order_id: str | None
    rejection: str | None


@dataclass(frozen=True, kw_only=True)
class Gtt:
    """`last_price_inr` is from when the terms were given: it says which way a trigger lies."""

    gtt_id: int
    terms: GttTerms
    status: GttStatus
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    last_price_inr: Decimal
    fired: GttFired | None = None

    @property
    def kind(self) -> Literal["SINGLE", "OCO"]:
        return "SINGLE" if len(self.terms.legs) == 1 else "OCO"

    def reached_leg(self, price_inr: Decimal) -> int | None:
        """Which leg's trigger this price has reached."""
        for number, leg in enumerate(self.terms.legs):
            trigger = leg.trigger_price_inr
            above = trigger > self.last_price_inr
            if price_inr >= trigger if above else price_inr <= trigger:
                return number
        return None


def check_triggers(terms: GttTerms, instrument: Instrument, last_inr: Decimal) -> None:
    """Raises: Refused: legs that make no sense together, or triggers already met."""
    triggers = [leg.trigger_price_inr for leg in terms.legs]
    if len(triggers) not in (1, 2):
        raise Refused("INPUT", "A trigger has one leg or two.")
    for leg in terms.legs:
        if (leg.request.exchange, leg.request.symbol) != (terms.exchange, terms.symbol):
            raise Refused("INPUT", "All orders of a trigger are for its own instrument.")
        if leg.request.waits_for_trigger:
            raise Refused("INPUT", "The orders of a trigger are of type LIMIT or MARKET.")
        for price_inr in (leg.trigger_price_inr, leg.request.limit_price_inr):
            if price_inr is not None and not is_on_tick(instrument, price_inr):
                raise Refused("INPUT", f"Tick size for this stock is {instrument.tick_inr}.")
    if len(triggers) == 2 and triggers[0] >= triggers[1]:
        raise Refused("INPUT", "The first trigger must be below the second.")
    if last_inr in triggers or (len(triggers) == 2 and not triggers[0] < last_inr < triggers[1]):
        raise Refused("INPUT", "Trigger already met.")


def firing(
    venue: Venue, gtt: Gtt, after: datetime, until: datetime
) -> tuple[int, datetime, Decimal] | None:
    """Which leg is reached first in (after, until], when, and at what price in INR."""
    if until <= after:
        return None
    instrument = venue.instrument(gtt.terms.exchange, gtt.terms.symbol, gtt.updated_at)
    at = venue.first_reached(
        instrument, after, until, lambda price_inr: gtt.reached_leg(price_inr) is not None
    )
    if at is None:
        return None
    price_inr = venue.last(instrument, at)
    leg = gtt.reached_leg(price_inr)
    assert leg is not None
    return leg, at, price_inr
