"""What an order has to satisfy before it exists, and the words for what does not."""

from decimal import Decimal

from infrastructure.simulator.exchange.accounts import Account
from infrastructure.simulator.exchange.margins import order_margin
from infrastructure.simulator.exchange.orders import OrderRequest, OrderType
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.prices import is_on_tick

MOST_INR = Decimal(1_000_000_000)
_SHARE_PRODUCTS = ("CNC", "MIS", "MTF")
_CONTRACT_PRODUCTS = ("MIS", "NRML")


def prices_that_count(
    order_type: OrderType, price_inr: Decimal | None, trigger_inr: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """Limit and trigger price of this type of order. Some SDKs send 0 for what has no meaning.

    Raises:
        Refused: one that this type needs is missing.
    """
    limit = price_inr if order_type in ("LIMIT", "SL") else None
    trigger = trigger_inr if order_type in ("SL", "SL-M") else None
    for needed, given in (
        (order_type in ("LIMIT", "SL"), limit),
        (order_type in ("SL", "SL-M"), trigger),
    ):
        if needed and (given is None or not (given.is_finite() and 0 < given < MOST_INR)):
            raise Refused("INPUT", f"An order of type {order_type} lacks a price.")
    return limit, trigger


def check_terms(
    request: OrderRequest, instrument: Instrument, band: tuple[Decimal, Decimal] | None
) -> None:
    """`band` are the lowest and highest price of the day in INR.

    Raises:
        Refused: terms that the exchange does not take for this instrument, from anybody.
    """
    if instrument.kind == "INDEX":
        raise Refused("INPUT", "An index cannot be traded.")
    products = _CONTRACT_PRODUCTS if instrument.is_contract else _SHARE_PRODUCTS
    if request.product not in products:
        raise Refused("INPUT", f"Product {request.product} is not allowed for {instrument.symbol}.")
    if request.is_at_market and request.market_protection_percent == 0:
        raise Refused(
            "INPUT",
            "Market orders without market protection are not allowed via API. Please set market "
            "protection or use a limit order.",
        )
    _check_quantity(request, instrument)
    _check_prices(request, instrument, band)


def _check_quantity(request: OrderRequest, instrument: Instrument) -> None:
    if request.quantity_shares % instrument.lot_size_shares:
        raise Refused(
            "INPUT",
            f"Invalid quantity. Enter a multiple of the lot size, {instrument.lot_size_shares}.",
        )
    if instrument.freeze_shares is not None and request.quantity_shares > instrument.freeze_shares:
        raise Refused(
            "INPUT",
            f"The order is above the exchange's freeze quantity of {instrument.freeze_shares}. "
            "Slice it.",
        )


def _check_prices(
    request: OrderRequest, instrument: Instrument, band: tuple[Decimal, Decimal] | None
) -> None:
    for price_inr in (request.limit_price_inr, request.trigger_price_inr):
        if price_inr is not None and not is_on_tick(instrument, price_inr):
            raise Refused(
                "INPUT",
                f"Tick size for this stock is {instrument.tick_inr}. Kindly enter price in the "
                "multiple of tick size.",
            )
    limit = request.limit_price_inr
    if limit is None or band is None:
        return
    for wrong, word, side, edge in (
        (limit < band[0], "lower", "lower", band[0]),
        (limit > band[1], "higher", "upper", band[1]),
    ):
        if wrong:
            raise Refused(
                "INPUT",
                f"Your order price is {word} than the current {side} circuit limit of {edge}. "
                "Place an order within the daily range.",
            )


def check_holdings(account: Account, request: OrderRequest, instrument: Instrument) -> None:
    """Raises: Refused: a sale for delivery of more shares than there are."""
    if request.product in ("CNC", "MTF") and request.side == "SELL":
        for_sale = account.deliverable_shares(instrument, request.product)
        if request.quantity_shares > for_sale:
            raise Refused(
                "HOLDINGS", f"Insufficient holdings. You can sell {max(0, for_sale)} shares."
            )


def money_to_block(
    account: Account, request: OrderRequest, instrument: Instrument, last_inr: Decimal
) -> Decimal:
    """What this order has to block, in INR, when the last price is `last_inr`.

    Raises:
        Refused: the account has less.
    """
    needed = order_margin(account.legs(), request, instrument, last_inr).total_inr
    available = account.funds().available_inr
    if needed > available:
        raise Refused(
            "FUNDS",
            f"Insufficient funds. Required margin is {needed:.2f} but available margin is "
            f"{available:.2f}. Check the orderbook for open orders.",
        )
    return needed
