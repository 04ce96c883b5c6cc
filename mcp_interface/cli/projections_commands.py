"""How far the read models have come, how much is in them, and how to build them again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import InvalidArgument
from mcp_interface.cli.opening import backend
from mcp_interface.cli.output import FOUND, Json, command, emit, say, short, table

if TYPE_CHECKING:
    from mcp_interface.composition import Backend

A_MOMENT_SECONDS = 2.0
PATIENCE_SECONDS = 10.0


@command
def stats(as_json: Json = False) -> None:
    """Active sessions, brokers in use, orders by state, and every total since the first event."""
    from mcp_interface.operator import statistics

    with backend() as store:
        found = statistics(store)
    rows: list[tuple[str, object]] = [
        ("active sessions", f"{found['activeSessions']} of {found['maxSessions']}"),
        *((f"active at {name}", n) for name, n in found["activeByBroker"].items()),
        *((f"orders now {state}", n) for state, n in found["ordersNow"].items()),
        *((name.replace("_", " "), n) for name, n in found["totals"].items()),
    ]
    emit(as_json, found, lambda: table(("what", "how many"), rows))
    if found["stale"]:
        say(f"The views are behind: totals are as of position {found['asOfPosition']}.")


@command
def status(as_json: Json = False) -> None:
    """Per projection: position, lag, parked streams. Exits with 1 if anything is behind."""
    with backend() as store:
        rows = _rows(store)
        waited = 0.0
        while waited < A_MOMENT_SECONDS and any(row["lag"] for row in rows):
            store.projecting.wake()
            store.clock.sleep(0.05)
            waited, rows = waited + 0.05, _rows(store)
        parked = [
            {
                "projection": p.projection,
                "streamId": str(p.stream_id),
                "position": p.position,
                "event": p.name,
                "cause": p.cause,
                "waiting": p.waiting,
            }
            for p in store.projector.parked()
        ]
    sound = not parked and not any(row["lag"] for row in rows)

    def shown() -> None:
        columns = ("name", "position", "head", "lag", "parked")
        table(columns, [[row[c] for c in columns] for row in rows])
        for p in parked:
            say(
                f"{p['projection']} parked stream {short(p['streamId'], False)} at position "
                f"{p['position']} ({p['event']}): {p['cause']}; {p['waiting']} events wait behind. "
                f"Next: trading-server projections rebuild {p['projection']} with a version that "
                "can read it."
            )

    answer = {"projections": rows, "parked": parked}
    emit(as_json, answer, shown, status="ok" if sound else "fail")
    if not sound:
        raise typer.Exit(FOUND)


def _rows(store: "Backend") -> list[dict[str, Any]]:  # Any: JSON values
    head = store.store.head()
    parked = [p.projection for p in store.projector.parked()]
    rows = []
    for name in store.projector.projections:
        position = store.projector.position(name)
        rows.append(
            {
                "name": name,
                "position": position,
                "head": max(head, position),
                "lag": max(0, head - position),
                "parked": parked.count(name),
            }
        )
    return rows


@command
def rebuild(
    name: Annotated[str | None, typer.Argument(show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_json: Json = False,
) -> None:
    """Empty a projection and fold the whole log again. A running server goes on answering."""
    with backend(projecting=False) as store:
        known = list(store.projector.projections)
        chosen = known if every else [each for each in known if each == name]
        if (name is None) != every or not chosen:
            raise InvalidArgument(
                "A rebuild is of one projection or of all. Next: name one of "
                f"{', '.join(known)}, or give --all."
            )
        done = [_rebuild(store, each) for each in chosen]
    sound = all(row["reached"] and not row["parked"] for row in done)
    columns = ("name", "position", "head", "seconds", "parked")
    emit(
        as_json,
        {"projections": done},
        lambda: table(columns, [[row[c] for c in columns] for row in done]),
        status="ok" if sound else "fail",
    )
    if not sound:
        say("Not everything could be folded. Next: trading-server projections status.")
        raise typer.Exit(FOUND)


def _rebuild(store: "Backend", name: str) -> dict[str, Any]:  # Any: JSON values
    """Fold until the head that the log had at the start. Another process may help."""
    projector, target = store.projector, store.store.head()
    began = moved_at = perf_counter()
    projector.rebuild(name)
    position = projector.position(name)
    with _progress(name, target) as told:
        while position < target and perf_counter() - moved_at < PATIENCE_SECONDS:
            if not projector.step(name):
                store.clock.sleep(0.05)
            before, position = position, projector.position(name)
            if position != before:
                moved_at = perf_counter()
                told(position)
    seconds = perf_counter() - began
    say(f"{name}: {position} of {target} in {seconds:.2f} s, {position / seconds:,.0f} events/s.")
    return {
        "name": name,
        "position": position,
        "head": target,
        "seconds": round(seconds, 3),
        "parked": sum(p.projection == name for p in projector.parked()),
        "reached": position >= target,
    }


@contextmanager
def _progress(name: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr that is told positions; nothing where nobody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        bar = bars.add_task(name, total=total)
        yield lambda position: bars.update(bar, completed=position)
