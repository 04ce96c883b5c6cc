"""Orders and trades between our words and Kite's. Pure: what a row does not say is left unknown,
never guessed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.broker_orders import BrokerOrder, OrderTicket, Trade
from domain.instants import IST
from domain.order_offers import iceberg_legs
from domain.vocabulary import OrderSighting, OrderStatus, OrderTerms
from infrastructure.brokers.kite.icebergs import Leg, wholes
from infrastructure.brokers.prices import finite, price_if_any

Arguments = dict[str, str | int]
"""By the names of the SDK's own parameters."""

STATUSES: Final[Mapping[str, OrderStatus]] = {
    "PUT ORDER REQ RECEIVED": "PENDING_SUBMIT",
    "VALIDATION PENDING": "PENDING_SUBMIT",
    "OPEN PENDING": "PENDING_SUBMIT",
    "AMO REQ RECEIVED": "PENDING_SUBMIT",
    "OPEN": "OPEN",
    "MODIFY PENDING": "OPEN",
    "MODIFY VALIDATION PENDING": "OPEN",
    "UPDATE": "OPEN",
    "TRIGGER PENDING": "TRIGGER_PENDING",
    "COMPLETE": "FILLED",
    "CANCEL PENDING": "CANCEL_PENDING",
    "CANCELLED": "CANCELLED",
    "LAPSED": "EXPIRED",
    "REJECTED": "REJECTED",
}


class _Step(msgspec.Struct):
    """What every row says about how an order stands."""

    status: str
    quantity: int
    filled_quantity: int
    pending_quantity: int
    average_price: Decimal
    status_message: str | None = None
    order_timestamp: str | None = None
    exchange_timestamp: str | None = None


class _OrderRow(_Step, kw_only=True):
    order_id: str
    exchange: str
    tradingsymbol: str
    transaction_type: str
    order_type: str
    product: str
    variety: str
    validity: str
    price: Decimal
    trigger_price: Decimal
    tag: str | None = None
    tags: list[str] | None = None
    parent_order_id: str | None = None
    meta: object = None


class _Iceberg(msgspec.Struct):
    leg: int
    legs: int
    total_quantity: int


class _Meta(msgspec.Struct):
    """What Kite notes beside an order; of all sorts, so it is read only where it is needed."""

    iceberg: _Iceberg


class _TradeRow(msgspec.Struct):
    trade_id: str
    order_id: str
    exchange: str
    tradingsymbol: str
    transaction_type: str
    product: str
    quantity: int
    average_price: Decimal
    # `order_timestamp` is not read: on trades it is a time of day without a date.
    fill_timestamp: str | None = None
    exchange_timestamp: str | None = None


def order_arguments(ticket: OrderTicket) -> Arguments:
    """For `place_order`. The tag is ours; the user's own note stays with us."""
    terms = ticket.terms
    shown = terms.disclosed_quantity_shares
    legs: Arguments = {}
    if terms.variety == "iceberg":
        assert shown is not None, "an iceberg without legs is refused before"
        legs = {"iceberg_legs": iceberg_legs(terms), "iceberg_quantity": shown}
    return {
        "variety": terms.variety,
        "exchange": terms.exchange,
        "tradingsymbol": terms.trading_symbol,
        "transaction_type": terms.transaction_type,
        "quantity": terms.quantity_shares,
        "product": terms.product,
        "order_type": terms.order_type,
        "validity": terms.validity,
        "tag": ticket.broker_tag,
        **_prices(terms),
        **(legs or _disclosed(shown)),
    }


def changed_arguments(broker_order_id: str, terms: OrderTerms) -> Arguments:
    """For `modify_order`. Kite keeps what is not sent, so a disclosed quantity that is wanted no
    more has to be sent as 0."""
    return {
        "variety": terms.variety,
        "order_id": broker_order_id,
        "quantity": terms.quantity_shares,
        "order_type": terms.order_type,
        "validity": terms.validity,
        **_prices(terms),
        **_disclosed(terms.disclosed_quantity_shares or 0),
    }


def _prices(terms: OrderTerms) -> Arguments:
    """As they were written. Market and SL-M orders carry Kite's automatic price protection (-1):
    without one, Kite refuses them."""
    prices: Arguments = {}
    if terms.order_type in ("MARKET", "SL-M"):
        prices["market_protection"] = -1
    if terms.limit_price_inr is not None:
        prices["price"] = f"{terms.limit_price_inr:f}"
    if terms.trigger_price_inr is not None:
        prices["trigger_price"] = f"{terms.trigger_price_inr:f}"
    return prices


def _disclosed(quantity_shares: int | None) -> Arguments:
    return {} if quantity_shares is None else {"disclosed_quantity": quantity_shares}


def order_id(answer: object) -> str | None:
    """The id of the order that was placed or changed; `None`: the answer names none."""
    return answer if isinstance(answer, str) and answer else None


def broker_orders(rows: object, hide: Callable[[str], str] = str) -> tuple[BrokerOrder, ...]:
    """The legs of an iceberg as the one order that they are. `hide` blots the account out of
    Kite's words: some name it.

    Raises:
        ValueError: a row lacks something that every order has.
    """
    found = msgspec.convert(rows, list[_OrderRow], strict=False)
    return wholes(_leg(row, hide) or _broker_order(row, hide) for row in found)


def working_leg(rows: object, broker_order_id: str) -> str:
    """The id of an iceberg's latest leg, which is the one to cancel.

    Raises:
        ValueError: as above.
    """
    legs = [_leg(row, str) for row in msgspec.convert(rows, list[_OrderRow], strict=False)]
    found = [leg for leg in legs if leg and leg.whole == broker_order_id]
    latest = max(found, key=lambda leg: leg.number, default=None)
    return latest.order.broker_order_id if latest else broker_order_id


def sightings(rows: object, hide: Callable[[str], str] = str) -> tuple[OrderSighting, ...]:
    """The steps of one order, in Kite's order: the oldest first. `hide` as above.

    Raises:
        ValueError: a row lacks something that every step has.
    """
    return tuple(_sighting(row, hide) for row in msgspec.convert(rows, list[_Step], strict=False))


def trades(rows: object) -> tuple[Trade, ...]:
    """Oldest first.

    Raises:
        ValueError: a row lacks something that every trade has.
    """
    found = [_trade(row) for row in msgspec.convert(rows, list[_TradeRow], strict=False)]
    return tuple(
        sorted(found, key=lambda trade: trade.traded_at or datetime.min.replace(tzinfo=UTC))
    )


def as_utc(text: str | None) -> datetime | None:
    """Kite's instants have no zone and mean IST. What is no instant is none: a time of day, or
    the year 1 of an order that never reached the exchange."""
    try:
        instant = datetime.fromisoformat(text or "")
        return (instant if instant.tzinfo else instant.replace(tzinfo=IST)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _broker_order(row: _OrderRow, hide: Callable[[str], str]) -> BrokerOrder:
    return BrokerOrder(
        broker_order_id=row.order_id,
        exchange=row.exchange,
        trading_symbol=row.tradingsymbol,
        transaction_type=row.transaction_type,
        order_type=row.order_type,
        product=row.product,
        variety=row.variety,
        validity=row.validity,
        quantity_shares=row.quantity,
        limit_price_inr=price_if_any(row.price),
        trigger_price_inr=price_if_any(row.trigger_price),
        sighting=_sighting(row, hide),
        placed_at=as_utc(row.exchange_timestamp) or as_utc(row.order_timestamp),
        broker_tags=tuple(dict.fromkeys(_given([row.tag, *(row.tags or ())]))),
    )


def _leg(row: _OrderRow, hide: Callable[[str], str]) -> Leg | None:
    if row.variety != "iceberg":
        return None
    try:
        about = msgspec.convert(row.meta, _Meta, strict=False).iceberg
    except msgspec.ValidationError:  # then it is an order like any other
        return None
    return Leg(
        order=_broker_order(row, hide),
        whole=row.parent_order_id or row.order_id,
        number=about.leg,
        legs=about.legs,
        total_shares=about.total_quantity,
    )


def _sighting(row: _Step, hide: Callable[[str], str]) -> OrderSighting:
    return OrderSighting(
        status=_status(row),
        raw_status=row.status,
        filled_shares=row.filled_quantity,
        pending_shares=row.pending_quantity,
        average_price_inr=price_if_any(row.average_price),
        status_message=row.status_message and hide(row.status_message),
        broker_time=as_utc(row.order_timestamp),
    )


def _trade(row: _TradeRow) -> Trade:
    return Trade(
        trade_id=row.trade_id,
        broker_order_id=row.order_id,
        exchange=row.exchange,
        trading_symbol=row.tradingsymbol,
        transaction_type=row.transaction_type,
        product=row.product,
        quantity_shares=row.quantity,
        price_inr=finite(row.average_price),
        traded_at=as_utc(row.fill_timestamp) or as_utc(row.exchange_timestamp),
    )


def _status(row: _Step) -> OrderStatus:
    status = STATUSES.get(row.status, "UNKNOWN")
    return "PARTIAL" if status == "OPEN" and row.filled_quantity > 0 else status


def _given(tags: Iterable[str | None]) -> list[str]:
    return [tag for tag in tags if tag]
