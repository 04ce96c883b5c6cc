"""What each broker takes: order types, products, functions, limits. From one table in the code."""

from typing import Annotated

from mcp.types import CallToolResult

from application.sessions.broker_access import supported
from application.sessions.enter_session import Entered
from domain.capabilities import OFFERS, Offer
from domain.session import chosen_broker
from domain.vocabulary import BrokerName
from mcp_interface.app import App, Mcp, OptionalBroker, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS, TradingServer
from mcp_interface.tools.results import Result


class RateRow(Result):
    """At most `calls` in any span of `seconds`, per account."""

    category: str
    calls: int
    seconds: float


class SpanRow(Result):
    """What one request to the broker for candles of this interval covers; we join them."""

    interval: str
    days: int


class OrderTypes(Result):
    broker: str
    exchanges: list[str]
    order_types: list[str]
    products: list[str]
    varieties: list[str]
    validities: list[str]
    functions: list[str]
    lacking: list[str]
    gtt_kinds: list[str]
    candle_intervals: list[SpanRow]
    rates: list[RateRow]
    notes: list[str]
    session_id: str


def register(server: TradingServer, app: App) -> None:
    backend = app.backend

    @server.tool(title="Order types", annotations=READS)
    async def get_order_types_info(
        ctx: Mcp, broker: OptionalBroker = None
    ) -> Annotated[CallToolResult, OrderTypes]:
        """What a broker takes: order types, products, varieties, validity, functions, limits."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            if broker is not None:
                supported(backend.brokers, broker)
            name = chosen_broker(entered.session, broker)  # type: ignore[arg-type]  # checked above
            model = _order_types(name, str(entered.session_id))
            return result(app.first_line(entered), _lines(name, model), model)

        return await app.in_session(ctx, job)

    server.rule("get_order_types_info", "read", "orders")


def everything(offer: Offer) -> list[tuple[str, list[str]]]:
    """The lists of an offer under the names of the tools' arguments."""
    return [
        ("exchange", sorted(offer.exchanges)),
        ("order_type", sorted(offer.order_types)),
        ("product", sorted(offer.products)),
        ("variety", sorted(offer.varieties)),
        ("validity", sorted(offer.validities)),
    ]


def all_functions() -> list[str]:
    """Of all brokers together, in alphabetical order."""
    return sorted({function for offer in OFFERS.values() for function in offer.functions})


def _order_types(name: BrokerName, session_id: str) -> OrderTypes:
    offer = OFFERS[name]
    return OrderTypes(
        broker=name,
        exchanges=sorted(offer.exchanges),
        order_types=sorted(offer.order_types),
        products=sorted(offer.products),
        varieties=sorted(offer.varieties),
        validities=sorted(offer.validities),
        functions=sorted(offer.functions),
        lacking=[each for each in all_functions() if each not in offer.functions],
        gtt_kinds=sorted(offer.gtt_kinds),
        candle_intervals=[
            SpanRow(interval=interval, days=span.days)
            for interval, span in offer.longest_span.items()
        ],
        rates=[
            RateRow(category=category, calls=rate.calls, seconds=rate.seconds)
            for category, rate in offer.rates.items()
        ],
        notes=list(offer.notes),
        session_id=session_id,
    )


def _lines(name: BrokerName, model: OrderTypes) -> list[str]:
    lines = [f"{name} takes:"]
    lines += [f"{argument}: {', '.join(has)}" for argument, has in everything(OFFERS[name])]
    lines.append(f"candles: {', '.join(row.interval for row in model.candle_intervals)}")
    if model.lacking:
        lines.append(f"It has no call for: {', '.join(model.lacking)}.")
    return lines + model.notes
