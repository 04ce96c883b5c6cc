"""The same share at several brokers as one row, with the parts that it is made of.

Joined on the ISIN, else on the exchange's token, else on exchange and trading symbol. Shares that
are real, simulated or paper are never joined: what is real would not be seen in the sum.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from application.portfolio.valuation import ZERO, Totals, ValuedHolding, sum_if_all, totals
from application.ports.account import Holding
from application.ports.instruments import Instruments
from domain.vocabulary import BrokerName, Mode

JoinedBy = Literal["isin", "token", "name"]

_ISIN: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
"""ISO 6166. Anything else in its place ("", "NA") would join what is not the same."""


@dataclass(frozen=True, kw_only=True)
class HeldAt:
    """What one broker said."""

    broker: BrokerName
    mode: Mode
    asked_at: datetime
    holdings: tuple[ValuedHolding, ...]


@dataclass(frozen=True, kw_only=True)
class PartHolding:
    broker: BrokerName
    asked_at: datetime
    valued: ValuedHolding


@dataclass(frozen=True, kw_only=True)
class JoinedHolding:
    """`parts` are in the order of the brokers; the first one's exchange and symbol name it all."""

    mode: Mode
    isin: str | None
    joined_by: JoinedBy
    parts: tuple[PartHolding, ...]

    @property
    def name(self) -> str:
        return self.parts[0].valued.name

    @property
    def brokers(self) -> tuple[BrokerName, ...]:
        return tuple(dict.fromkeys(part.broker for part in self.parts))

    @property
    def quantity_shares(self) -> int:
        return sum(part.valued.holding.quantity_shares for part in self.parts)

    @property
    def average_price_inr(self) -> Decimal | None:
        shares = self.quantity_shares
        return self.invested_inr / shares if shares else None

    @property
    def invested_inr(self) -> Decimal:
        return sum((part.valued.invested_inr for part in self.parts), ZERO)

    @property
    def current_inr(self) -> Decimal | None:
        return sum_if_all(part.valued.current_inr for part in self.parts)

    @property
    def gain_inr(self) -> Decimal | None:
        return sum_if_all(part.valued.gain_inr for part in self.parts)

    @property
    def before_inr(self) -> Decimal | None:
        return sum_if_all(part.valued.before_inr for part in self.parts)

    @property
    def day_change_inr(self) -> Decimal | None:
        return sum_if_all(part.valued.day_change_inr for part in self.parts)


Key = tuple[JoinedBy, str]


def consolidate(told: Sequence[HeldAt], instruments: Instruments) -> tuple[JoinedHolding, ...]:
    """The largest investment first within each mode: an order that prices do not change, so that
    pages fit together."""
    keys = _Keys(instruments, [held.holding for each in told for held in each.holdings])
    joined: dict[tuple[Mode, Key], list[PartHolding]] = {}
    for each in told:
        for held in each.holdings:
            part = PartHolding(broker=each.broker, asked_at=each.asked_at, valued=held)
            joined.setdefault((each.mode, keys.of(held.holding)), []).append(part)
    rows = (
        JoinedHolding(
            mode=mode,
            isin=key if by == "isin" else None,
            joined_by=by,
            parts=tuple(parts),
        )
        for (mode, (by, key)), parts in joined.items()
    )
    return tuple(sorted(rows, key=lambda row: (row.mode, -row.invested_inr, row.name)))


@dataclass(frozen=True, kw_only=True)
class ModeTotals:
    """What the shares of one mode are worth together, at these brokers."""

    mode: Mode
    brokers: tuple[BrokerName, ...]
    totals: Totals


def totals_by_mode(
    told: Sequence[HeldAt], joined: Iterable[JoinedHolding]
) -> tuple[ModeTotals, ...]:
    by_mode: dict[Mode, list[JoinedHolding]] = {each.mode: [] for each in told}
    for row in joined:
        by_mode[row.mode].append(row)
    return tuple(
        ModeTotals(
            mode=mode,
            brokers=tuple(each.broker for each in told if each.mode == mode),
            totals=totals(rows),
        )
        for mode, rows in sorted(by_mode.items())
    )


class _Keys:
    """What a holding is known by. One broker's ISIN serves for the others' rows, too, that name the
    same listing without it."""

    def __init__(self, instruments: Instruments, holdings: Iterable[Holding]) -> None:
        self._instruments = instruments
        self._isins: dict[Key, str] = {}
        for each in holdings:
            if isin := valid_isin(each.isin):
                self._isins.setdefault(self._listing(each)[0], isin)

    def of(self, holding: Holding) -> Key:
        listing, isin_of_table = self._listing(holding)
        isin = valid_isin(holding.isin) or self._isins.get(listing) or isin_of_table
        return ("isin", isin) if isin else listing

    def _listing(self, holding: Holding) -> tuple[Key, str | None]:
        """Where it is listed, and the ISIN that the table knows of it."""
        found = self._instruments.find(holding.exchange, holding.trading_symbol)
        if found is None:
            return ("name", f"{holding.exchange}:{holding.trading_symbol}"), None
        return ("token", f"{found.exchange}:{found.exchange_token}"), valid_isin(found.isin)


def valid_isin(said: str | None) -> str | None:
    isin = (said or "").strip().upper()
    return isin if _ISIN.fullmatch(isin) else None
