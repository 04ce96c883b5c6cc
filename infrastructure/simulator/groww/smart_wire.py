"""The bodies of Groww's smart orders, and how they are told again. Prices are texts here.

Documented, not recorded: groww.in/trade-api/docs/curl/smart-orders. What is told again about an OCO
names neither its segment nor its side; which leg is which follows from their prices.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec

from infrastructure.simulator.exchange.gtt import Gtt, GttLeg, GttTerms
from infrastructure.simulator.exchange.orders import OrderRequest, OrderType, Side
from infrastructure.simulator.groww.names import trading_symbol
from infrastructure.simulator.groww.rows import Row, ist, place
from infrastructure.simulator.groww.wire import GrowwError, GrowwOrderType, Shares
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.universe import listed

Price = Annotated[str, msgspec.Meta(pattern=r"^\d{1,9}(\.\d{1,4})?$")]
Word = Literal["GTT", "OCO"]
WORDS: Final[dict[str, Word]] = {"SINGLE": "GTT", "OCO": "OCO"}
STATUSES: Final = ("ACTIVE", "TRIGGERED", "CANCELLED", "EXPIRED", "FAILED", "COMPLETED")
# What is placed when a stop-loss leg is reached: its trigger is met by then.
_PLACED_AS: Final[dict[GrowwOrderType, OrderType]] = {
    "LIMIT": "LIMIT",
    "SL": "LIMIT",
    "MARKET": "MARKET",
    "SL_M": "MARKET",
}


class Order(msgspec.Struct, kw_only=True):
    order_type: GrowwOrderType
    transaction_type: Side
    price: Price | None = None


class Leg(msgspec.Struct, kw_only=True):
    trigger_price: Price
    order_type: GrowwOrderType
    price: Price | None = None


class NewSmart(msgspec.Struct, kw_only=True):
    reference_id: str
    smart_order_type: Word
    segment: Literal["CASH", "FNO"]
    exchange: Literal["NSE", "BSE"]
    trading_symbol: str
    quantity: Shares
    product_type: Literal["CNC", "MIS", "NRML"]
    duration: Literal["DAY"]
    trigger_price: Price | None = None
    trigger_direction: Literal["UP", "DOWN"] | None = None
    order: Order | None = None
    net_position_quantity: int | None = None
    transaction_type: Side | None = None
    target: Leg | None = None
    stop_loss: Leg | None = None


class ChangedLeg(msgspec.Struct, kw_only=True):
    trigger_price: Price


class Changed(msgspec.Struct, kw_only=True):
    """A GTT takes new prices, an OCO new triggers and another product."""

    smart_order_type: Word
    segment: Literal["CASH", "FNO"]
    quantity: Shares | None = None
    duration: Literal["DAY"] | None = None
    trigger_price: Price | None = None
    trigger_direction: Literal["UP", "DOWN"] | None = None
    order: Order | None = None
    product_type: Literal["CNC", "MIS", "NRML"] | None = None
    target: ChangedLeg | None = None
    stop_loss: ChangedLeg | None = None


def leg_orders(new: NewSmart, instrument: Instrument) -> tuple[GttLeg, ...]:
    """The lower trigger first.

    Raises:
        GrowwError: something that its kind needs is missing.
    """
    if new.smart_order_type == "GTT":
        if new.order is None or new.trigger_price is None or new.trigger_direction is None:
            raise _lacking("trigger_price, trigger_direction or order")
        leg = Leg(
            trigger_price=new.trigger_price,
            order_type=new.order.order_type,
            price=new.order.price,
        )
        return (_leg(new, instrument, leg, new.order.transaction_type),)
    if new.target is None or new.stop_loss is None or new.transaction_type is None:
        raise _lacking("target, stop_loss or transaction_type")
    legs = [_leg(new, instrument, leg, new.transaction_type) for leg in (new.target, new.stop_loss)]
    is_above = legs[0].trigger_price_inr > legs[1].trigger_price_inr
    if is_above != (new.transaction_type == "SELL"):
        raise GrowwError(400, "GA001", "Bad request: the target is where the stop loss belongs.")
    return tuple(sorted(legs, key=lambda each: each.trigger_price_inr))


def _leg(new: NewSmart, instrument: Instrument, leg: Leg, side: Side) -> GttLeg:
    placed_as = _PLACED_AS[leg.order_type]
    if placed_as == "LIMIT" and leg.price is None:
        raise _lacking("price")
    return GttLeg(
        trigger_price_inr=Decimal(leg.trigger_price),
        request=OrderRequest(
            exchange=instrument.exchange,
            symbol=instrument.symbol,
            side=side,
            quantity_shares=new.quantity,
            product=new.product_type,
            order_type=placed_as,
            limit_price_inr=Decimal(leg.price) if placed_as == "LIMIT" and leg.price else None,
            tag=new.reference_id,
        ),
    )


def changed_terms(terms: GttTerms, asked: Changed) -> GttTerms:
    """Raises: GrowwError: that cannot be changed."""
    return replace(terms, legs=tuple(_changed(leg, terms, asked) for leg in terms.legs))


def _changed(leg: GttLeg, terms: GttTerms, asked: Changed) -> GttLeg:
    request, trigger = leg.request, _new_trigger(leg, terms, asked)
    if asked.quantity is not None:
        request = replace(request, quantity_shares=asked.quantity)
    if asked.smart_order_type == "OCO":
        request = replace(request, product=asked.product_type or request.product)
    elif asked.order is not None:
        if asked.order.transaction_type != request.side:
            raise GrowwError(400, "GA001", "Bad request: transaction_type is not modifiable.")
        placed_as = _PLACED_AS[asked.order.order_type]
        if placed_as == "LIMIT" and asked.order.price is None:
            raise _lacking("price")
        price = Decimal(asked.order.price) if asked.order.price else None
        request = replace(
            request,
            order_type=placed_as,
            limit_price_inr=price if placed_as == "LIMIT" else None,
        )
    return GttLeg(trigger_price_inr=trigger, request=request)


def _new_trigger(leg: GttLeg, terms: GttTerms, asked: Changed) -> Decimal:
    said = asked.trigger_price
    if asked.smart_order_type == "OCO":
        changed = asked.target if leg is _target(terms) else asked.stop_loss
        said = changed.trigger_price if changed else None
    return leg.trigger_price_inr if said is None else Decimal(said)


def _target(terms: GttTerms) -> GttLeg:
    """Of an OCO's legs the one with the profit: above for who sells, below for who buys."""
    return terms.legs[-1 if terms.legs[0].request.side == "SELL" else 0]


def smart_id(gtt: Gtt) -> str:
    return f"{WORDS[gtt.kind].lower()}_{gtt.gtt_id}"


def status_of(gtt: Gtt) -> str:
    if gtt.status != "triggered":
        return gtt.status.upper()
    return "FAILED" if gtt.fired is not None and gtt.fired.order_id is None else "COMPLETED"


def smart_row(gtt: Gtt, last_inr: Decimal) -> Row:
    terms, first = gtt.terms, gtt.terms.legs[0].request
    exchange, segment = place(terms.exchange)
    instrument = listed(gtt.created_at).find(terms.exchange, terms.symbol)
    symbol = trading_symbol(instrument) if instrument else terms.symbol
    is_active = gtt.status == "active"
    row = {
        "smart_order_id": smart_id(gtt),
        "smart_order_type": WORDS[gtt.kind],
        "status": status_of(gtt),
        "trading_symbol": symbol,
        "exchange": exchange,
        "quantity": first.quantity_shares,
        "product_type": first.product,
        "duration": "DAY",
        "is_cancellation_allowed": is_active,
        "is_modification_allowed": is_active,
        "created_at": ist(gtt.created_at),
        "expire_at": ist(gtt.expires_at) if gtt.kind == "SINGLE" else None,
        "triggered_at": ist(gtt.fired.at) if gtt.fired else None,
        "updated_at": ist(gtt.updated_at),
    }
    if gtt.kind == "OCO":
        target = _target(terms)
        (stop,) = (leg for leg in terms.legs if leg is not target)
        return row | {"target": _leg_row(target, "LIMIT"), "stop_loss": _leg_row(stop, "SL")}
    (leg,) = terms.legs
    return row | {
        "order": {
            "order_type": first.order_type,
            "price": _text(first.limit_price_inr),
            "transaction_type": first.side,
        },
        "trigger_direction": "UP" if leg.trigger_price_inr > gtt.last_price_inr else "DOWN",
        "trigger_price": _text(leg.trigger_price_inr),
        "segment": segment,
        "ltp": last_inr,
        "remark": gtt.fired.rejection if gtt.fired else None,
        "display_name": instrument.description if instrument else symbol,
        "child_legs": None,
    }


def _leg_row(leg: GttLeg, limited: str) -> Row:
    price = leg.request.limit_price_inr
    at_market = "MARKET" if limited == "LIMIT" else "SL_M"
    return {
        "trigger_price": _text(leg.trigger_price_inr),
        "order_type": at_market if price is None else limited,
        "price": _text(price),
    }


def _text(price_inr: Decimal | None) -> str | None:
    return None if price_inr is None else f"{price_inr:.2f}"


def _lacking(names: str) -> GrowwError:
    return GrowwError(400, "GA001", f"Bad request: {names} is missing.")
