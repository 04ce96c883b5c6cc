"""Orders that the broker keeps until a price is reached (GTT), and positions that change their
product: what their terms must be, and what differs from an order in the market.

They go the way of every order: one key, one yes, one call. What the broker has accepted is settled
here: a GTT order is in the broker's own list from then on, and no order book shows it.
"""

from decimal import Decimal

from msgspec.structs import replace

from domain.capabilities import Function, GttKind, Offer, must_offer
from domain.errors import InvalidOrder, NotSupportedByBroker
from domain.vocabulary import (
    BrokerName,
    CancelGtt,
    ConvertPosition,
    GttLeg,
    OrderTerms,
    PlaceGtt,
)

MOST_LEGS = 2


def kind_of(legs: tuple[GttLeg, ...]) -> GttKind:
    return "SINGLE" if len(legs) == 1 else "OCO"


def variety_of(terms: OrderTerms) -> str:
    """`regular`, `amo`, ...; or what it is instead of an order in the market."""
    match terms.instruction:
        case None:
            return terms.variety
        case PlaceGtt():
            return "gtt"
        case CancelGtt():
            return "gtt_cancellation"
        case ConvertPosition():
            return "conversion"


def reduces_risk(terms: OrderTerms) -> bool:
    """Whoever takes something back is asked for no yes, and no limit or switch keeps them from
    it."""
    return isinstance(terms.instruction, CancelGtt)


def gtt_terms(terms: OrderTerms, legs: tuple[GttLeg, ...]) -> OrderTerms:
    """The terms of a GTT order: those of the LIMIT order that could cost the most, and both legs.

    Raises:
        InvalidOrder: no leg or too many, or both wait for the same price.
    """
    if not 0 < len(legs) <= MOST_LEGS:
        raise InvalidOrder("A GTT order has one leg, or two. Next: kind='SINGLE' or kind='OCO'.")
    ordered = tuple(sorted(legs, key=lambda leg: leg.trigger_price_inr))
    if len({leg.trigger_price_inr for leg in legs}) != len(legs):
        raise InvalidOrder(
            "Both legs wait for the same trigger price. Next: one below and one above the last "
            "price."
        )
    return replace(
        terms,
        order_type="LIMIT",
        limit_price_inr=max(leg.limit_price_inr for leg in ordered),
        instruction=PlaceGtt(legs=ordered),
    )


def prices_in(terms: OrderTerms) -> tuple[tuple[str, Decimal], ...]:
    """Every price of a GTT order's legs, by its name."""
    if not isinstance(terms.instruction, PlaceGtt):
        return ()
    return tuple(
        (name, price)
        for leg in terms.instruction.legs
        for name, price in (
            ("trigger price", leg.trigger_price_inr),
            ("limit price", leg.limit_price_inr),
        )
    )


def must_be_possible(terms: OrderTerms) -> None:
    """Raises:
    InvalidOrder: a conversion from a product to itself.
    """
    instruction = terms.instruction
    if isinstance(instruction, ConvertPosition) and instruction.from_product == terms.product:
        raise InvalidOrder(
            f"The position would go from {terms.product} to {terms.product}. Next: give two "
            "different products."
        )


def must_take_instruction(
    broker: BrokerName, display_name: str, offer: Offer, terms: OrderTerms
) -> None:
    """Whether a broker takes this instruction at all.

    Raises:
        NotSupportedByBroker: says what the broker has instead.
    """
    instruction = terms.instruction
    converts = isinstance(instruction, ConvertPosition)
    function: Function = "convert_position" if converts else "gtt"
    must_offer(broker, function)
    if isinstance(instruction, PlaceGtt) and kind_of(instruction.legs) not in offer.gtt_kinds:
        raise NotSupportedByBroker(
            f"{display_name} has no GTT orders of kind {kind_of(instruction.legs)}. "
            f"Next: choose one of {', '.join(sorted(offer.gtt_kinds))}."
        )
    products: list[str] = [terms.product]
    if isinstance(instruction, ConvertPosition):
        products.append(instruction.from_product)
    for argument, value, has in (
        ("exchange", terms.exchange, offer.exchanges),
        *(("product", product, offer.products) for product in products),
    ):
        if value not in has and not isinstance(instruction, CancelGtt):
            raise NotSupportedByBroker(
                f"{display_name} has no {argument} {value}. "
                f"Next: choose one of {', '.join(sorted(has))}."
            )
