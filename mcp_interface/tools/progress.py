"""Progress of long reads, for clients that asked to hear of it: over stdio. HTTP answers here are
one document and have no room for it."""

from anyio import from_thread

from application.market.read_candles import Progress, unheard
from mcp_interface.app import Mcp


def heard_by(ctx: Mcp, what: str) -> Progress:
    """To be called from the worker thread of this call; `what` is being counted, as `calls`."""
    if "progress_token" not in (ctx.request_context.meta or {}):
        return unheard

    def tell(done: int, total: int) -> None:
        from_thread.run(ctx.report_progress, done, total, f"{done} of {total} {what}")

    return tell
