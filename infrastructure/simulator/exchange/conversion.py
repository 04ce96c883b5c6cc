"""Moving an open position from one product to another."""

from infrastructure.simulator.exchange.accounts import Account
from infrastructure.simulator.exchange.orders import Product
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.instruments import Instrument

_FOR_SHARES = ("CNC", "MIS", "MTF")
_FOR_CONTRACTS = ("MIS", "NRML")


def convert(
    account: Account, instrument: Instrument, source: Product, target: Product, shares: int
) -> None:
    """Move shares of the day's position, at the price they were traded at.

    Raises:
        Refused: fewer shares were opened today, or the other product does not fit or needs more
            money than there is.
    """
    fitting = _FOR_CONTRACTS if instrument.is_contract else _FOR_SHARES
    if source == target or source not in fitting or target not in fitting:
        raise Refused("INPUT", f"A position cannot be converted from {source} to {target}.")
    old = account.position(instrument, source)
    is_long = old.net_shares > 0
    opened_today = min(abs(old.net_shares), old.buy_shares if is_long else old.sell_shares)
    if not 0 < shares <= opened_today:
        raise Refused("ORDER", "The position is smaller than what is to be converted.")
    if not is_long and target in ("CNC", "MTF"):
        raise Refused("ORDER", "A short position cannot be delivered.")
    if source in ("CNC", "MTF") and shares > account.deliverable_shares(instrument, source):
        raise Refused("HOLDINGS", "Insufficient holdings. The other shares are on sale.")
    moved = old.average_price_inr * shares
    new = account.position(instrument, target)
    old.move(-shares, -moved, is_long=is_long)
    new.move(shares, moved, is_long=is_long)
    if account.funds().available_inr < 0:
        old.move(shares, moved, is_long=is_long)
        new.move(-shares, -moved, is_long=is_long)
        raise Refused("FUNDS", "Insufficient funds for the conversion.")
