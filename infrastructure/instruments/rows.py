"""How a row of the table becomes an instrument."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from domain.instruments import DhanHandle, GrowwHandle, Instrument, KiteHandle

COLUMNS: Final = (
    "name, exchange, kind, trading_symbol, exchange_token, description, tick_inr, lot, isin, "
    "underlying, expiry, strike_inr, kite_token, kite_symbol, dhan_security_id, dhan_segment, "
    "dhan_instrument, groww_trading_symbol, groww_symbol, groww_segment"
)
_INDEX_STEP_INR: Final = Decimal("0.01")
"""Nobody trades an index, and the files give it no tick; its values have two places."""


def instrument(row: tuple[Any, ...]) -> Instrument:
    """The instrument of a row of `COLUMNS`. Any: what SQLite answers with."""
    (
        name, exchange, kind, symbol, token, description, tick, lot, isin, underlying, expiry,
        strike, kite_token, kite_symbol, dhan_id, dhan_segment, dhan_instrument, groww_trading,
        groww_symbol, groww_segment,
    ) = row  # fmt: skip
    return Instrument(
        name=name,
        exchange=exchange,
        kind=kind,
        trading_symbol=symbol,
        exchange_token=token,
        description=description,
        tick_inr=Decimal(tick) if tick is not None else _INDEX_STEP_INR,
        lot_size_shares=lot or 1,
        isin=isin,
        underlying=underlying,
        expiry=date.fromisoformat(expiry) if expiry else None,
        strike_inr=Decimal(strike) if strike else None,
        kite=(
            KiteHandle(instrument_token=kite_token, trading_symbol=kite_symbol)
            if kite_token is not None
            else None
        ),
        dhan=(
            DhanHandle(
                security_id=dhan_id, exchange_segment=dhan_segment, instrument=dhan_instrument
            )
            if dhan_id is not None
            else None
        ),
        groww=(
            GrowwHandle(
                trading_symbol=groww_trading, groww_symbol=groww_symbol, segment=groww_segment
            )
            if groww_trading is not None
            else None
        ),
    )
