"""Kite's margin and charges calculators over HTTP: JSON arrays of orders that nobody places."""

from collections.abc import Mapping
from decimal import Decimal

from starlette.requests import Request
from starlette.routing import Route

from infrastructure.simulator.exchange.charges import Charges
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.margins import BasketMargin, Margin
from infrastructure.simulator.exchange.orders import ZERO, OrderRequest
from infrastructure.simulator.kite.answers import KITE, array_of, signed_in
from infrastructure.simulator.kite.login import KiteLogins
from infrastructure.simulator.kite.rows import Row
from infrastructure.simulator.kite.wire import invalid, one_of, order_request

_NOTHING = Charges(
    brokerage_inr=ZERO,
    transaction_tax_inr=ZERO,
    exchange_inr=ZERO,
    sebi_inr=ZERO,
    stamp_inr=ZERO,
    gst_inr=ZERO,
)
# Zerodha says in its forum (discussion 13310) that compact totals have five fields; which ones is
# a guess, unrecorded.
_COMPACT = ("type", "tradingsymbol", "exchange", "charges", "total")


class KiteMarginsFace:
    """The routes for what orders would block and cost."""

    def __init__(self, exchange: Exchange, logins: KiteLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        return [
            Route("/margins/orders", signed_in(self.logins, self.orders), methods=["POST"]),
            Route("/margins/basket", signed_in(self.logins, self.basket), methods=["POST"]),
            Route("/charges/orders", signed_in(self.logins, self.charges), methods=["POST"]),
        ]

    async def orders(self, user: str, request: Request) -> object:
        wanted = [_priced(each) for each in await array_of(request)]
        return [self._margin_row(each, self.exchange.margin(KITE, user, each)) for each in wanted]

    async def basket(self, user: str, request: Request) -> object:
        wanted = [_priced(each) for each in await array_of(request)]
        asked = request.query_params
        considers = one_of(
            ("true", "false"),
            {"consider_positions": asked.get("consider_positions", "false").lower()},
            "consider_positions",
        )
        mode = asked.get("mode", "")
        if mode not in ("", "compact"):
            raise invalid("mode")
        margins = self.exchange.basket_margin(
            KITE, user, wanted, consider_positions=considers == "true"
        )
        return self._basket_row(wanted, margins, compact=mode == "compact")

    async def charges(self, user: str, request: Request) -> object:
        return [self._note_row(each) for each in await array_of(request)]

    def _margin_row(self, order: OrderRequest, margin: Margin) -> Row:
        named = {"type": "equity", "tradingsymbol": order.symbol, "exchange": order.exchange}
        return _margin_cells(named, margin, self.exchange.charges(order))

    def _basket_row(
        self, orders: list[OrderRequest], margins: BasketMargin, *, compact: bool
    ) -> Row:
        nameless = {"type": "", "tradingsymbol": "", "exchange": ""}
        rows = [
            self._margin_row(order, margin)
            for order, margin in zip(orders, margins.orders, strict=True)
        ]
        answer: Row = {
            "initial": _margin_cells(nameless, margins.initial, _NOTHING) | {"leverage": 0},
            "final": _margin_cells(nameless, margins.final, _NOTHING) | {"leverage": 0},
            "orders": rows,
            "charges": _summed([self.exchange.charges(order) for order in orders]),
        }
        if compact:
            for name in ("initial", "final"):
                answer[name] = {field: answer[name][field] for field in _COMPACT}
            answer["orders"] = [{field: row[field] for field in _COMPACT} for row in rows]
        return answer

    def _note_row(self, given: Mapping[str, object]) -> Row:
        average = given.get("average_price")
        if isinstance(average, bool) or not isinstance(average, int | float) or average <= 0:
            raise invalid("average_price")
        price = Decimal(str(average))
        order = _priced({**given, "price": average, "trigger_price": average})
        return {
            "transaction_type": order.side,
            "tradingsymbol": order.symbol,
            "exchange": order.exchange,
            "variety": order.variety,
            "product": order.product,
            "order_type": order.order_type,
            "quantity": order.quantity_shares,
            "price": price,
            "charges": _charges_cells(self.exchange.charges(order, price)),
        }


def _priced(given: Mapping[str, object]) -> OrderRequest:
    """An order as the calculators take it: nothing in it has to be protected or on a tick.

    Raises:
        KiteError: something is missing or unknown.
    """
    form = {name: str(value) for name, value in given.items() if value is not None}
    return order_request(form.pop("variety", ""), {**form, "market_protection": "-1"})


def _margin_cells(named: Row, margin: Margin, charges: Charges) -> Row:
    return {
        **named,
        "span": margin.span_inr,
        "exposure": margin.exposure_inr,
        "option_premium": margin.premium_inr,
        "additional": 0,
        "bo": 0,
        "cash": 0,
        "var": margin.cash_inr,
        "pnl": {"realised": 0, "unrealised": 0},
        "leverage": margin.leverage,
        "charges": _charges_cells(charges),
        "total": margin.total_inr,
    }


def _charges_cells(charges: Charges) -> Row:
    taxed = charges is not _NOTHING
    return {
        "transaction_tax": charges.transaction_tax_inr,
        "transaction_tax_type": "stt" if taxed else "",
        "exchange_turnover_charge": charges.exchange_inr,
        "sebi_turnover_charge": charges.sebi_inr,
        "brokerage": charges.brokerage_inr,
        "stamp_duty": charges.stamp_inr,
        "gst": {"igst": charges.gst_inr, "cgst": 0, "sgst": 0, "total": charges.gst_inr},
        "total": charges.total_inr,
    }


def _summed(charges: list[Charges]) -> Row:
    total = Charges(
        brokerage_inr=sum((each.brokerage_inr for each in charges), ZERO),
        transaction_tax_inr=sum((each.transaction_tax_inr for each in charges), ZERO),
        exchange_inr=sum((each.exchange_inr for each in charges), ZERO),
        sebi_inr=sum((each.sebi_inr for each in charges), ZERO),
        stamp_inr=sum((each.stamp_inr for each in charges), ZERO),
        gst_inr=sum((each.gst_inr for each in charges), ZERO),
    )
    return _charges_cells(total)
