"""Commands that start something: the server, the simulator; and the migration before them."""

import sys
from typing import Annotated, Final

import typer

from mcp_interface.cli.instants import instant
from mcp_interface.cli.opening import DEFAULT_LABEL, Label
from mcp_interface.cli.output import Json, command, emit, say

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8000

Host = Annotated[str, typer.Option(help="Address to listen on.")]


@command
def serve(
    host: Host = DEFAULT_HOST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = DEFAULT_PORT,
    as_json: Json = False,
) -> None:
    """Serve MCP over HTTP for everyone with a token (trading-server users add NAME)."""
    from infrastructure import logs
    from infrastructure.settings import load_settings
    from mcp_interface.serving import serve_http

    settings = load_settings()
    logs.configure(settings.log_level)

    def ready(address: str) -> None:
        where = {"mcp": f"{address}/mcp", "health": f"{address}/health"}
        emit(as_json, where, lambda: say(f"Serving MCP at {address}/mcp (Ctrl-C stops it)."))
        sys.stdout.flush()

    serve_http(settings, host, port, ready)


@command
def stdio(session: Label = DEFAULT_LABEL) -> None:
    """Serve MCP over stdin and stdout for one person (TRADING_USER, or the OS user)."""
    import anyio

    from infrastructure import logs
    from infrastructure.settings import load_settings
    from mcp_interface.serving import serve_stdio

    settings = load_settings()
    logs.configure(settings.log_level)
    anyio.run(serve_stdio, settings, session)


@command
def simulator(
    host: Host = DEFAULT_HOST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 9100,
    seed: Annotated[int | None, typer.Option(help="Of the prices; TRADING_MARKET_SEED.")] = None,
    clock: Annotated[
        str | None, typer.Option(help="Begin at this time, as 2026-11-23T09:20+05:30.")
    ] = None,
    frozen: Annotated[
        bool, typer.Option("--frozen", help="The clock stands; POST /simulator/clock moves it.")
    ] = False,
    hours: Annotated[
        bool, typer.Option("--hours", help="Keep market hours instead of trading day and night.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the simulated exchange with the faces of Kite, Groww and Dhan, on this machine only."""
    from infrastructure import logs
    from infrastructure.settings import load_settings
    from infrastructure.simulator.app import NotLoopback, build_app, run, system_now
    from infrastructure.simulator.exchange.exchange import Exchange
    from infrastructure.simulator.market.clock import SimClock
    from infrastructure.simulator.market.hours import MarketHours
    from mcp_interface.databases import CannotStart

    settings = load_settings()
    logs.configure(settings.log_level)
    begins = None if clock is None else instant("--clock", clock, system_now())
    now = SimClock(system_now, begins, running=not frozen)
    exchange = Exchange(
        settings.market_seed if seed is None else seed, now, MarketHours(kept=hours)
    )

    def ready(address: str) -> None:
        words = (
            f"Simulating at {address} (Ctrl-C stops it). Next: TRADING_KITE_URL={address} "
            f"TRADING_GROWW_URL={address} TRADING_DHAN_URL={address} trading-server serve"
        )
        emit(as_json, {"url": address, "seed": exchange.seed}, lambda: say(words))
        sys.stdout.flush()

    try:
        run(host, port, ready, app=build_app(exchange, settings.keys_dir))
    except (NotLoopback, OSError) as e:
        raise CannotStart(str(e)) from None


@command
def migrate_command(as_json: Json = False) -> None:
    """Make or upgrade the event and control tables. Safe to run from several places at once."""
    from infrastructure.migrations.runner import current_revision, migrate
    from infrastructure.settings import load_settings
    from mcp_interface.databases import engines

    settings = load_settings()
    engine, _ = engines(settings)
    changed = migrate(engine)
    revision = current_revision(engine)
    words = f"The store is at revision {revision}{' now' if changed else ' already'}."
    emit(as_json, {"changed": changed, "revision": revision}, lambda: say(words))


@command
def demo(as_json: Json = False) -> None:
    """The whole story in a minute: three people, orders, SIGKILL, restart, audit. Offline."""
    from mcp_interface.demo.run import run_demo

    raise typer.Exit(run_demo(as_json))
