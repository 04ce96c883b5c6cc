"""Brokerage, taxes and fees of one trade. They are told, never taken from the simulated cash.

Rates are those of published schedules, from memory and so approximate: a discount broker's (20 INR
or 0.03 %; deliveries free; 20 INR flat for options), STT as of April 2026, the fees of NSE and BSE,
SEBI's 10 INR per crore, stamp duty on purchases, 18 % GST on brokerage and fees. The parts, and how
they add up, are those of Kite's recorded order_margins.json and virtual_contract_note.json, whose
rates are older.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from infrastructure.simulator.exchange.orders import ZERO, Product, Side
from infrastructure.simulator.market.instruments import Instrument

Trade = Literal["delivery", "intraday", "future", "option"]

_PER_CENT = Decimal("0.01")
_GST = Decimal("0.18")
_SEBI = Decimal("0.0001") * _PER_CENT
_MOST_BROKERAGE_INR = Decimal(20)


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Per cent of the value; of an option that is its premium."""

    brokerage: Decimal | None  # None: 20 INR flat
    tax_buy: Decimal
    tax_sell: Decimal
    nse: Decimal
    bse: Decimal
    stamp_buy: Decimal


def _rates(brokerage: str | None, *others: str) -> Rates:
    tax_buy, tax_sell, nse, bse, stamp = (Decimal(rate) * _PER_CENT for rate in others)
    return Rates(
        brokerage=None if brokerage is None else Decimal(brokerage) * _PER_CENT,
        tax_buy=tax_buy,
        tax_sell=tax_sell,
        nse=nse,
        bse=bse,
        stamp_buy=stamp,
    )


# brokerage, STT on a purchase, STT on a sale, NSE's fee, BSE's fee, stamp duty
RATES: dict[Trade, Rates] = {
    "delivery": _rates("0", "0.1", "0.1", "0.00297", "0.00375", "0.015"),
    "intraday": _rates("0.03", "0", "0.025", "0.00297", "0.00375", "0.003"),
    "future": _rates("0.03", "0", "0.05", "0.00173", "0", "0.002"),
    "option": _rates(None, "0", "0.15", "0.03503", "0.0325", "0.003"),
}


@dataclass(frozen=True, kw_only=True)
class Charges:
    """In INR."""

    brokerage_inr: Decimal
    transaction_tax_inr: Decimal
    exchange_inr: Decimal
    sebi_inr: Decimal
    stamp_inr: Decimal
    gst_inr: Decimal

    @property
    def total_inr(self) -> Decimal:
        parts = (
            self.brokerage_inr,
            self.transaction_tax_inr,
            self.exchange_inr,
            self.sebi_inr,
            self.stamp_inr,
            self.gst_inr,
        )
        return sum(parts, ZERO)


def charges(
    instrument: Instrument, product: Product, side: Side, shares: int, price_inr: Decimal
) -> Charges:
    """What one trade of so many shares at this price costs beside its value."""
    value, rates = shares * price_inr, RATES[_trade(instrument, product)]
    brokerage = _MOST_BROKERAGE_INR
    if rates.brokerage is not None:
        brokerage = min(brokerage, value * rates.brokerage)
    exchange = value * (rates.nse if instrument.exchange in ("NSE", "NFO") else rates.bse)
    sebi = value * _SEBI
    return Charges(
        brokerage_inr=brokerage,
        transaction_tax_inr=value * (rates.tax_buy if side == "BUY" else rates.tax_sell),
        exchange_inr=exchange,
        sebi_inr=sebi,
        stamp_inr=value * rates.stamp_buy if side == "BUY" else ZERO,
        gst_inr=(brokerage + exchange + sebi) * _GST,
    )


def _trade(instrument: Instrument, product: Product) -> Trade:
    if instrument.kind == "FUT":
        return "future"
    if instrument.kind in ("CE", "PE"):
        return "option"
    return "intraday" if product == "MIS" else "delivery"
