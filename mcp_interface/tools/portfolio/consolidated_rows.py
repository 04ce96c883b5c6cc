"""How portfolios of several brokers are shown, side by side and as one."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from application.portfolio.consolidate import HeldAt, JoinedHolding, ModeTotals, PartHolding
from application.portfolio.read_portfolio import Portfolio
from application.portfolio.valuation import ZERO, Totals, totals
from application.read_broker import Answered
from domain.errors import BrokerLoginRequired, Refusal
from mcp_interface.tools.portfolio.portfolio_rows import (
    PricedRow,
    changes,
    gaps_in,
    named,
    or_unknown,
    percent,
    price_cells,
    price_line,
    totals_line,
)
from mcp_interface.tools.results import CURRENCY, Result, money, rupees, when

Answers = dict[str, Answered[Portfolio] | Refusal]
"""By broker, in the order asked."""


class PartRow(PricedRow):
    broker: str
    exchange: str
    symbol: str
    quantity: int
    avg_price: str


class JoinedRow(Result):
    """`joinedBy` isin, token (the exchange's), or name. `dayChange` is since the close before,
    `pnl` since the purchase; none where a part of it is not known."""

    mode: str
    symbol: str
    exchange: str
    isin: str | None
    joined_by: str
    brokers: list[str]
    quantity: int
    avg_price: str | None
    invested_value: str
    current_value: str | None
    day_change: str | None
    day_change_percent: str | None
    pnl: str | None
    pnl_percent: str | None
    parts: list[PartRow]


class TotalsRow(Result):
    """A total that would leave something out is none; `unpriced` and `unclosed` (without a close
    before) name what."""

    holdings: int
    invested: str
    current: str | None
    day_change: str | None
    day_change_percent: str | None
    pnl: str | None
    pnl_percent: str | None
    unpriced: list[str]
    unclosed: list[str]


class ModeRow(TotalsRow):
    """Of `brokers` only. LIVE, SIMULATED and PAPER are never added up."""

    mode: str
    brokers: list[str]


class BrokerRow(Result):
    """What a broker could be asked; `code` and `reason` say why not."""

    broker: str
    mode: str | None
    asked_at: str | None
    code: str | None
    reason: str | None
    missing: list[str]


class ConsolidatedResult(Result):
    currency: str = CURRENCY
    consolidated: list[JoinedRow]
    total: int
    next_cursor: str | None
    totals: list[ModeRow]
    brokers: list[BrokerRow]
    session_id: str


class BrokerPortfolio(BrokerRow):
    summary: TotalsRow | None
    funds_available: str | None


class ComparedResult(Result):
    """`shared`: what is held at more than one broker."""

    currency: str = CURRENCY
    portfolios: list[BrokerPortfolio]
    compared_brokers: list[str]
    shared: list[JoinedRow]
    session_id: str


def held(found: Answers) -> list[HeldAt]:
    return [
        HeldAt(
            broker=each.admission.broker.name,
            mode=each.admission.mode,
            asked_at=each.answer.asked_at,
            holdings=each.answer.holdings,
        )
        for each in found.values()
        if not isinstance(each, Refusal)
    ]


def joined_row(joined: JoinedHolding, now: datetime) -> JoinedRow:
    first = joined.parts[0].valued.holding
    return JoinedRow(
        mode=joined.mode,
        symbol=first.trading_symbol,
        exchange=first.exchange,
        isin=joined.isin,
        joined_by=joined.joined_by,
        brokers=list(joined.brokers),
        quantity=joined.quantity_shares,
        avg_price=money(joined.average_price_inr),
        invested_value=money(joined.invested_inr),
        current_value=money(joined.current_inr),
        day_change=money(joined.day_change_inr),
        day_change_percent=percent(joined.day_change_inr, joined.before_inr),
        pnl=money(joined.gain_inr),
        pnl_percent=percent(joined.gain_inr, joined.invested_inr),
        parts=[_part_row(part, now) for part in joined.parts],
    )


def _part_row(part: PartHolding, now: datetime) -> PartRow:
    holding = part.valued.holding
    return PartRow(
        **price_cells(part.valued.price, now),
        broker=part.broker,
        exchange=holding.exchange,
        symbol=holding.trading_symbol,
        quantity=holding.quantity_shares,
        avg_price=money(holding.average_price_inr),
    )


def joined_line(joined: JoinedHolding) -> str:
    parts = ", ".join(f"{p.broker} {p.valued.holding.quantity_shares}" for p in joined.parts)
    moved = changes(joined.day_change_inr, joined.before_inr, joined.gain_inr, joined.invested_inr)
    average = joined.average_price_inr
    at = "" if average is None else f" at {rupees(average)}"
    return f"{joined.mode} {_named(joined)} ({parts}): {joined.quantity_shares}{at}, {moved}"


def prices_line(told: Sequence[HeldAt], now: datetime) -> str | None:
    """How old the prices of all parts are, as far as anybody says."""
    prices = (valued.price for each in told for valued in each.holdings)
    return price_line(prices, min((each.asked_at for each in told), default=now), now)


def shared_line(joined: JoinedHolding) -> str:
    averages = [part.valued.holding.average_price_inr for part in joined.parts]
    parts = ", ".join(
        f"{part.broker} {part.valued.holding.quantity_shares} at {rupees(average)}"
        for part, average in zip(joined.parts, averages, strict=True)
    )
    apart = max(averages) - min(averages)
    return f"{joined.mode} {_named(joined)}: {parts}; {rupees(apart)} apart"


def _named(joined: JoinedHolding) -> str:
    return named(joined.parts[0].valued.holding)


def totals_row(found: Totals) -> TotalsRow:
    return TotalsRow(**_totals_cells(found))


def mode_row(found: ModeTotals) -> ModeRow:
    return ModeRow(**_totals_cells(found.totals), mode=found.mode, brokers=list(found.brokers))


def _totals_cells(found: Totals) -> dict[str, Any]:
    """Any: the values of `TotalsRow`, by name."""
    return {
        "holdings": found.count,
        "invested": money(found.invested_inr),
        "current": money(found.current_inr),
        "day_change": money(found.day_change_inr),
        "day_change_percent": percent(found.day_change_inr, found.before_inr),
        "pnl": money(found.gain_inr),
        "pnl_percent": percent(found.gain_inr, found.invested_inr),
        "unpriced": list(found.unpriced),
        "unclosed": list(found.unclosed),
    }


def mode_lines(found: ModeTotals) -> list[str]:
    """One, and what the totals leave open."""
    names, sums = ", ".join(found.brokers), found.totals
    return [
        f"{found.mode} at {names}: {sums.count} holdings, {totals_line(sums)}.",
        *gaps_in(sums, names),
    ]


def broker_row(name: str, answer: Answered[Portfolio] | Refusal) -> BrokerRow:
    return BrokerRow(**_broker_cells(name, answer))


def broker_portfolio(name: str, answer: Answered[Portfolio] | Refusal) -> BrokerPortfolio:
    told = None if isinstance(answer, Refusal) else answer.answer
    return BrokerPortfolio(
        **_broker_cells(name, answer),
        summary=None if told is None else totals_row(totals(told.holdings)),
        funds_available=None if told is None else money(available(told)),
    )


def _broker_cells(name: str, answer: Answered[Portfolio] | Refusal) -> dict[str, Any]:
    """Any: the values of `BrokerRow`, by name."""
    cells: dict[str, Any] = {"broker": name, "mode": None, "asked_at": None, "code": None}
    if isinstance(answer, Refusal):
        return {**cells, "code": answer.code, "reason": str(answer), "missing": []}
    told = answer.answer
    return {
        **cells,
        "mode": answer.admission.mode,
        "asked_at": when(told.asked_at),
        "reason": None,
        "missing": list(told.missing),
    }


def broker_line(answer: Answered[Portfolio]) -> str:
    """`SIMULATED kite: 4 holdings, worth ₹1,000.00, ..., ₹10,00,000.00 available`."""
    sums, broker = totals(answer.answer.holdings), answer.admission.broker
    return (
        f"{answer.admission.mode} {broker.name}: {sums.count} holdings, {totals_line(sums)}, "
        f"{or_unknown(available(answer.answer))} available"
    )


def available(portfolio: Portfolio) -> Decimal | None:
    """Of all segments: each is a purse of its own."""
    if portfolio.funds is None:
        return None
    return sum((each.available_inr for each in portfolio.funds), ZERO)


def unread_lines(found: Answers) -> list[str]:
    """What is not in any sum. Logins that are not there are one line: most people have not all."""
    refused = {name: each for name, each in found.items() if isinstance(each, Refusal)}
    away = [name for name, each in refused.items() if isinstance(each, BrokerLoginRequired)]
    lines = []
    if away:
        lines.append(
            f"Not logged in at {', '.join(away)}, so not counted. Next: "
            f"get_broker_login_instructions(broker='{away[0]}')."
        )
    lines += [
        f"Not counted: {name}. {each.code}: {each}"
        for name, each in refused.items()
        if name not in away
    ]
    lines += [
        sentence
        for each in found.values()
        if not isinstance(each, Refusal)
        for sentence in each.answer.missing
    ]
    return lines
