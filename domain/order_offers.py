"""What a broker takes of an order, and the closest thing that it takes instead.

One place decides, whichever tool the order came through. The advice is a call that the reader can
make, in the caller's own words as far as they are known.
"""

from typing import Final, Literal

from domain.capabilities import Offer
from domain.errors import InvalidOrder, NotSupportedByBroker
from domain.instructions import must_take_instruction
from domain.vocabulary import BrokerName, OrderTerms, Variety

Kind = Variety | Literal["gtd"]
"""A variety, or an order that stands until a date."""

KINDS: Final[dict[Kind, str]] = {
    "regular": "regular orders",
    "amo": "after-market orders",
    "co": "cover orders",
    "bo": "bracket orders",
    "iceberg": "iceberg orders",
    "gtd": "orders that stand until a date",
}
LEGS: Final = range(2, 51)
"""How many orders an iceberg may be at Kite: kite.trade/docs/connect/v3/orders, and its forum."""


def must_take(broker: BrokerName, display_name: str, offer: Offer, terms: OrderTerms) -> None:
    """Whether a broker takes such an order at all.

    Raises:
        NotSupportedByBroker: says what the broker has instead.
    """
    if terms.instruction is not None:
        must_take_instruction(broker, display_name, offer, terms)
        return
    if terms.variety not in offer.varieties:
        raise not_taken(broker, display_name, offer, terms.variety, terms)
    for argument, value, has in (
        ("exchange", terms.exchange, offer.exchanges),
        ("product", terms.product, offer.products),
        ("order_type", terms.order_type, offer.order_types),
        ("validity", terms.validity, offer.validities),
    ):
        if value not in has:
            raise NotSupportedByBroker(
                f"{display_name} has no {argument} {value}. "
                f"Next: choose one of {', '.join(sorted(has))}."
            )


def must_be_changeable(terms: OrderTerms) -> None:
    """Raises:
    NotSupportedByBroker: its legs would not change together.
    """
    if terms.variety == "iceberg":
        raise NotSupportedByBroker(
            "Of an iceberg order only the leg that is in the market could be changed; nothing was "
            "sent. Next: cancel_order, then place_iceberg_order with the new terms."
        )


def iceberg_legs(terms: OrderTerms) -> int:
    """How many equal orders an iceberg goes as, one after the other.

    Raises:
        InvalidOrder: they would not be equal, or too few or too many.
    """
    whole, each = terms.quantity_shares, terms.disclosed_quantity_shares
    if each is None or whole % each or whole // each not in LEGS:
        raise InvalidOrder(
            "An iceberg order goes as 2 to 50 legs of disclosed_quantity shares each, which "
            "together are quantity. Next: choose a disclosed_quantity that divides quantity."
        )
    return whole // each


def not_taken(
    broker: BrokerName, display_name: str, offer: Offer, kind: Kind, terms: OrderTerms
) -> NotSupportedByBroker:
    """The refusal of an order of this kind, with the closest thing."""
    return NotSupportedByBroker(
        f"{display_name} has no {KINDS[kind]} that could be placed from here; nothing was sent. "
        f"Next: {_instead(broker, offer, kind, terms)}."
    )


def _instead(broker: BrokerName, offer: Offer, kind: Kind, terms: OrderTerms) -> str:
    entry = _create_order(broker, offer, terms)
    match kind:
        case "amo" if broker == "paper":
            return f"{entry}, which paper takes around the clock"
        case "amo":
            return f"{entry} while the market is open"
        case "co":
            return f"{entry} and, once it is filled, {_way_out(broker, offer, terms)}"
        case "bo" if "OCO" in offer.gtt_kinds:
            other = _words(broker, offer, terms, _other_side(terms))
            return (
                f"{entry} and, once it is filled, place_gtt_order(kind='OCO', {other}) with your "
                "target and stop loss"
            )
        case "bo":
            return (
                f"{entry} and, once it is filled, {_way_out(broker, offer, terms)}; the target is "
                "a LIMIT order in its place when the price comes near it"
            )
        case "iceberg" if broker == "dhan":
            shown = terms.disclosed_quantity_shares
            shares = f"disclosed_quantity={shown}" if shown else "a disclosed_quantity"
            return f"{entry} with {shares} (at least 30 % of quantity at Dhan)"
        case "iceberg":
            return f"{entry}; with slices=true if it is above the exchange's freeze quantity"
        case "gtd" if "SINGLE" in offer.gtt_kinds:
            same = _words(broker, offer, terms, terms.transaction_type)
            return (
                f"place_gtt_order(kind='SINGLE', {same}) with your trigger and limit price, which "
                "waits for a year, and cancel_gtt_order when its time is over"
            )
        case _:
            return entry


def _create_order(broker: BrokerName, offer: Offer, terms: OrderTerms) -> str:
    words = _words(broker, offer, terms, terms.transaction_type)
    parts = [words, f"order_type='{terms.order_type}'"]
    if terms.limit_price_inr is not None:
        parts.append(f"price='{terms.limit_price_inr:f}'")
    if terms.trigger_price_inr is not None:
        parts.append(f"trigger_price='{terms.trigger_price_inr:f}'")
    return f"create_order({', '.join(parts)})"


def _way_out(broker: BrokerName, offer: Offer, terms: OrderTerms) -> str:
    words = _words(broker, offer, terms, _other_side(terms))
    return f"create_order({words}, order_type='SL') with your stop loss as trigger_price and price"


def _words(broker: BrokerName, offer: Offer, terms: OrderTerms, side: str) -> str:
    """The arguments that every such call has. Products CO and BO were intraday ones."""
    product = terms.product if terms.product in offer.products else "MIS"
    return (
        f"broker='{broker}', exchange='{terms.exchange}', "
        f"trading_symbol='{terms.trading_symbol}', transaction_type='{side}', "
        f"quantity={terms.quantity_shares}, product='{product}'"
    )


def _other_side(terms: OrderTerms) -> str:
    return "SELL" if terms.transaction_type == "BUY" else "BUY"
