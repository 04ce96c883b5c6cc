"""Orders that are only reckoned with, as Kite's and Groww's clients write them."""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field

from application.ports.instruments import Instruments
from domain.orders import check_terms
from domain.vocabulary import (
    Exchange,
    OrderTerms,
    OrderType,
    Product,
    TransactionType,
    Variety,
)
from mcp_interface.tools.orders.order_arguments import (
    Price,
    Quantity,
    listed_symbol,
    named_symbol,
)

Segment = Literal["CASH", "FNO", "COMM", "CURRENCY"]
_EXCHANGES: Final[dict[Segment, tuple[Exchange, ...]]] = {
    "CASH": ("NSE", "BSE"),
    "FNO": ("NFO", "BFO"),
    "COMM": ("MCX",),
    "CURRENCY": ("CDS", "BCD"),
}
_PRODUCTS: Final[dict[str, Product]] = {
    "DELIVERY": "CNC",
    "INTRADAY": "MIS",
    "NORMAL": "NRML",
    "MTF": "MTF",
}


_Text = Annotated[str, Field(max_length=60)]


class Priced(BaseModel):
    """One order in our own words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exchange: Exchange
    symbol: _Text
    transaction_type: TransactionType
    order_type: OrderType
    quantity: int
    product: Product
    variety: Variety = "regular"
    price: Decimal | None = None
    trigger_price: Decimal | None = None

    def terms(self, instruments: Instruments) -> OrderTerms:
        """As an order that could be placed.

        Raises:
            InvalidOrder, UnknownInstrument: it could not.
        """
        return check_terms(self._terms(instruments))

    def bargain(self, instruments: Instruments) -> OrderTerms:
        """As one that may have been filled: with any type of order the price is what it is
        reckoned with. Raises: as `terms`."""
        terms = self._terms(instruments)
        price = self.price or self.trigger_price or Decimal(1)
        check_terms(
            replace(terms, order_type="LIMIT", limit_price_inr=price, trigger_price_inr=None)
        )
        return terms

    def _terms(self, instruments: Instruments) -> OrderTerms:
        symbol = named_symbol(self.symbol, self.exchange)
        return OrderTerms(
            exchange=self.exchange,
            trading_symbol=listed_symbol(instruments, symbol, self.exchange),
            transaction_type=self.transaction_type,
            order_type=self.order_type,
            product=self.product,
            quantity_shares=self.quantity,
            variety=self.variety,
            limit_price_inr=self.price,
            trigger_price_inr=self.trigger_price,
        )


class KiteRow(BaseModel):
    model_config = ConfigDict(extra="forbid")

    exchange: Exchange
    tradingsymbol: _Text
    transaction_type: TransactionType
    variety: Variety = "regular"
    product: Product
    order_type: OrderType
    quantity: Quantity
    price: Price = None
    trigger_price: Price = None

    def priced(self) -> Priced:
        said: dict[str, Any] = self.model_dump(include=set(Priced.model_fields))  # Any: checked
        return Priced(symbol=self.tradingsymbol, **said)


class KiteTradeRow(KiteRow):
    """`average_price` is what was paid, or will be."""

    order_id: Annotated[str | None, Field(max_length=64)] = None
    average_price: Price = None

    def priced(self) -> Priced:
        price = self.average_price or self.price
        return super().priced().model_copy(update={"price": price})


class GrowwRow(BaseModel):
    """In the names that Groww's clients wrote."""

    model_config = ConfigDict(extra="forbid")

    tradingSymbol: Annotated[str, Field(max_length=60, description="As INFY or BSE:INFY.")]
    transactionType: TransactionType
    quantity: Quantity
    orderType: OrderType
    productType: Literal["DELIVERY", "INTRADAY", "MTF", "NORMAL"]
    price: Price = None
    triggerPrice: Price = None

    def priced(self, segment: Segment) -> Priced:
        """Groww asks for no exchange: it is NSE's side of the segment, unless the symbol says."""
        exchanges = _EXCHANGES[segment]
        prefix = self.tradingSymbol.partition(":")[0].strip().upper()
        return Priced(
            exchange=next((each for each in exchanges if each == prefix), exchanges[0]),
            symbol=self.tradingSymbol,
            transaction_type=self.transactionType,
            order_type=self.orderType,
            quantity=self.quantity,
            product=_PRODUCTS[self.productType],
            price=self.price,
            trigger_price=self.triggerPrice,
        )
