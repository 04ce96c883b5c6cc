"""What a client can read by an address: the caller's session, their activity of a day, an order of
theirs. Each is the data of a tool, word for word."""

from collections.abc import Mapping
from typing import Any

from domain.instants import trading_day
from mcp_interface.app import App
from mcp_interface.reading import Page, ReadingServer
from mcp_interface.tools.paging import MAX_LIMIT


def register(server: ReadingServer, app: App) -> None:
    def of_day(names: Mapping[str, str]) -> dict[str, Any]:  # Any: as get_activity takes them
        day = names.get("day") or trading_day(app.backend.clock.now()).isoformat()
        return {"since": day, "until": day, "limit": MAX_LIMIT}

    server.add_pages(
        Page(
            uri="trading://session",
            name="session",
            title="Your session",
            description="Since when it is open, the active broker, where you are logged in.",
            tool="get_session_info",
        ),
        Page(
            uri="trading://activity/today",
            name="activity_today",
            title="Your activity of today",
            description="What you did today (IST) and what became of it, the newest 200 events.",
            tool="get_activity",
            arguments=of_day,
        ),
        Page(
            uri="trading://activity/{day}",
            name="activity_of_a_day",
            title="Your activity of a day",
            description="The same of another day, as trading://activity/2026-11-23.",
            tool="get_activity",
            arguments=of_day,
        ),
        Page(
            uri="trading://orders/{order_key}",
            name="order",
            title="An order of yours",
            description="What became of it, by its order_key.",
            tool="get_order",
        ),
    )
