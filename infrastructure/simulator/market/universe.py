"""Everything that is listed on a trading day: shares, indices, and the contracts of that day.

Which contracts there are is a pure function of the day.
"""

from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Final

from domain.instants import IST
from infrastructure.simulator.market.contracts import TERMS, Strike, chain_of, future_of
from infrastructure.simulator.market.expiries import Expiry, expiries_from
from infrastructure.simulator.market.instruments import BSE_SHARES, INDICES, INSTRUMENTS, Instrument

_LASTING: Final[dict[tuple[str, str], Instrument]] = {
    (each.exchange, each.symbol): each
    for each in (*INSTRUMENTS.values(), *BSE_SHARES.values(), *INDICES)
}


def trading_day(at: datetime) -> date:
    """The Indian day that `at` belongs to; it begins at 06:00, when the brokers' day does."""
    return (at.astimezone(IST) - timedelta(hours=6)).date()


@lru_cache(maxsize=8)
def listing(day: date) -> "Listing":
    """What is listed on this trading day; contracts up to and including the day they expire."""
    return Listing(day)


def listed(at: datetime) -> "Listing":
    """What is listed on the trading day of this instant."""
    return listing(trading_day(at))


class Listing:
    """The instruments of one day. Contracts are made when somebody first asks for any."""

    def __init__(self, day: date) -> None:
        self.day = day

    def find(self, exchange: str, symbol: str) -> Instrument | None:
        """By Kite's symbol, exactly."""
        found = _LASTING.get((exchange, symbol))
        if found is None and exchange in ("NFO", "BFO"):
            return self._contracts.get((exchange, symbol))
        return found

    def by_token(self, exchange: str, token: int) -> Instrument | None:
        """A share or a contract by the exchange's own token."""
        return self._by_token.get((exchange, token))

    def by_instrument_token(self, token: int) -> Instrument | None:
        """By Kite's token."""
        return self._by_instrument_token.get(token)

    def by_dhan(self, segment: str, security_id: str) -> Instrument | None:
        """By Dhan's exchange segment and security id."""
        return self._by_dhan.get((segment, security_id))

    @property
    def underlyings(self) -> tuple[Instrument, ...]:
        """The shares and indices that there are contracts on."""
        return tuple(terms.spot for terms in TERMS.values())

    def expiries(self, root: str) -> tuple[date, ...]:
        """When options on it expire, the nearest first; empty when there are none."""
        return tuple(expiry.day for expiry in self._expiries(root))

    def future_expiries(self, root: str) -> tuple[date, ...]:
        """When futures on it expire: the monthly expiries."""
        return tuple(expiry.day for expiry in self._expiries(root) if expiry.is_monthly)

    def chain(self, root: str, expiry: date) -> tuple[Strike, ...]:
        """Every strike, the lowest first; empty when nothing expires then."""
        return self._chains.get((root, expiry), ())

    def future(self, root: str, expiry: date) -> Instrument | None:
        return self._futures.get((root, expiry))

    @cached_property
    def all(self) -> tuple[Instrument, ...]:
        return (*_LASTING.values(), *self._contracts.values())

    def _expiries(self, root: str) -> tuple[Expiry, ...]:
        terms = TERMS.get(root)
        return expiries_from(self.day, terms.exchange, terms.weeklies) if terms else ()

    @cached_property
    def _futures(self) -> dict[tuple[str, date], Instrument]:
        return {
            (root, expiry.day): future_of(terms, expiry)
            for root, terms in TERMS.items()
            for expiry in self._expiries(root)
            if expiry.is_monthly
        }

    @cached_property
    def _chains(self) -> dict[tuple[str, date], tuple[Strike, ...]]:
        return {
            (root, expiry.day): tuple(chain_of(terms, expiry))
            for root, terms in TERMS.items()
            for expiry in self._expiries(root)
        }

    @cached_property
    def _contracts(self) -> dict[tuple[str, str], Instrument]:
        options = (
            option
            for chain in self._chains.values()
            for strike in chain
            for option in (strike.call, strike.put)
        )
        return {(each.exchange, each.symbol): each for each in (*self._futures.values(), *options)}

    @cached_property
    def _by_token(self) -> dict[tuple[str, int], Instrument]:
        return {(i.exchange, i.exchange_token): i for i in self.all if i.kind != "INDEX"}

    @cached_property
    def _by_instrument_token(self) -> dict[int, Instrument]:
        return {each.instrument_token: each for each in self.all}

    @cached_property
    def _by_dhan(self) -> dict[tuple[str, str], Instrument]:
        return {(each.dhan_segment, each.dhan_security_id): each for each in self.all}
