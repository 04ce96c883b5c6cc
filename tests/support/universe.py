"""What the simulator trades, in the product's words: with the handles that each broker uses."""

from domain.instruments import (
    DhanHandle,
    GrowwHandle,
    Instrument,
    KiteHandle,
    canonical_name,
    plain,
)
from infrastructure.simulator.market.instruments import Instrument as Simulated

_DHAN_KIND = {"EQ": "EQUITY", "INDEX": "INDEX", "FUT": "FUTIDX", "CE": "OPTIDX", "PE": "OPTIDX"}


def as_known(each: Simulated) -> Instrument:
    """As the instrument table lists it once the three brokers agree."""
    market = {"NFO": "NSE", "BFO": "BSE"}.get(each.exchange, each.exchange)
    groww_symbol = {"NIFTY 50": "NIFTY", "NIFTY BANK": "BANKNIFTY"}.get(each.symbol, each.symbol)
    kind = _DHAN_KIND[each.kind]
    if each.is_contract and each.spot is not None and each.spot.kind != "INDEX":
        kind = kind.replace("IDX", "STK")
    return Instrument(
        name=canonical_name(
            each.exchange,
            each.symbol,
            each.kind,
            each.underlying,
            each.expiry,
            each.strike_inr,
        ),
        exchange=each.exchange,
        kind=each.kind,
        trading_symbol=each.symbol,
        exchange_token=str(each.exchange_token),
        description=each.description,
        tick_inr=each.tick_inr,
        lot_size_shares=each.lot_size_shares,
        isin=each.isin or None,
        underlying=each.underlying,
        expiry=each.expiry,
        strike_inr=each.strike_inr,
        kite=KiteHandle(instrument_token=each.instrument_token, trading_symbol=each.symbol),
        dhan=DhanHandle(
            security_id=each.dhan_security_id, exchange_segment=each.dhan_segment, instrument=kind
        ),
        groww=GrowwHandle(
            trading_symbol=groww_symbol,
            groww_symbol=_groww_symbol(each, market, groww_symbol),
            segment="FNO" if each.is_contract else "CASH",
        ),
    )


def _groww_symbol(each: Simulated, market: str, symbol: str) -> str:
    """NSE-INFY, NSE-NIFTY-26Nov26-FUT, NSE-NIFTY-26Nov26-24650-CE."""
    if not each.is_contract or each.expiry is None:
        return f"{market}-{symbol}"
    contract = f"{market}-{each.underlying}-{each.expiry:%d%b%y}"
    if each.strike_inr is None:
        return f"{contract}-FUT"
    return f"{contract}-{plain(each.strike_inr)}-{each.kind}"
