"""How every command answers: data on stdout, everything else on stderr, an honest exit code."""

import functools
import json
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, ParamSpec

import typer
from rich.console import Console

from domain.errors import Refusal, StoreUnavailable

P = ParamSpec("P")

FINE: Final = 0
FOUND: Final = 1
USAGE: Final = 2
STORE_AWAY: Final = 3
"""Exit codes: fine; the failure that the command looks for was found; wrong usage or
environment; the store cannot be reached."""

SHORT_ID: Final = 8

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Full = Annotated[bool, typer.Option("--full", help="Ids in full length.")]

_err = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def emit(as_json: bool, data: Any, show: Callable[[], None], *, status: str = "ok") -> None:
    """Answer with `data` as JSON, or let `show` print it for a person. Any: JSON values."""
    if as_json:
        _write({"status": status, "data": data})
    else:
        show()


def emit_problem(as_json: bool, code: str, text: str, *, status: str = "error") -> None:
    """Say what is wrong: as JSON on stdout, or in words on stderr."""
    if as_json:
        _write({"status": status, "error": {"code": code, "message": text}})
    else:
        say(f"{code}: {text}")


def _write(answer: dict[str, Any]) -> None:  # Any: JSON values
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


def say(text: str) -> None:
    """Progress and advice, on stderr."""
    _err.print(text)


def show(text: str) -> None:
    """Data that is not a table, on stdout, as it is."""
    sys.stdout.write(text + "\n")


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for a person; plain columns when stdout is not a terminal."""
    console = Console(highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        from rich.table import Table

        drawn = Table(*columns, box=None, header_style="bold")
        for row in rows:
            drawn.add_row(*(_cell(value) for value in row))
        console.print(drawn)
        return
    for line in (columns, *rows):
        show("\t".join(_cell(value) for value in line))


def short(session_id: object, full: bool) -> str:
    """A session's id as tables show it."""
    return str(session_id) if full else str(session_id)[:SHORT_ID]


def _cell(value: object) -> str:
    """One line without control characters: some of these texts come from a broker."""
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(_cell(v) for v in value) or "-"
    return "".join(c if c.isprintable() else " " for c in str(value))


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Give a command its exit codes: what went wrong is said once, in words or as JSON."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as e:  # noqa: BLE001 - a terminal gets words, never a traceback
            code, text, exit_code = _known(e) or (
                "INTERNAL_ERROR",
                f"{function.__name__} failed in a way that nobody planned for "
                f"({type(e).__name__}). Next: trading-server doctor.",
                USAGE,
            )
            emit_problem(bool(kwargs.get("as_json")), code, text)
            raise typer.Exit(exit_code) from None

    return run


def _known(e: Exception) -> tuple[str, str, int] | None:
    """Code, words and exit code of what can go wrong without a bug; `None` for a bug."""
    if isinstance(e, StoreUnavailable):
        return e.code, str(e), STORE_AWAY
    if isinstance(e, Refusal):
        return e.code, str(e), USAGE
    if isinstance(e, UnicodeError):
        words = "An argument holds bytes that are no text. Next: correct it."
        return "INVALID_ARGUMENT", words, USAGE
    if isinstance(e, OSError) and not isinstance(e, BrokenPipeError):
        where = f" ({e.filename})" if e.filename else ""
        return "ENVIRONMENT", f"{e.strerror or e}{where}. Next: trading-server doctor.", USAGE
    return _known_by_its_module(e)


def _known_by_its_module(e: Exception) -> tuple[str, str, int] | None:
    """The same for types of modules that `--help` has no time to load."""
    from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
    from sqlalchemy.exc import TimeoutError as PoolTimeout

    from infrastructure.migrations.runner import UnknownRevision
    from infrastructure.settings import BadSettings
    from infrastructure.store.refusals import store_unavailable
    from mcp_interface.databases import CannotStart

    if isinstance(e, CannotStart | UnknownRevision):
        return "CANNOT_START", str(e), USAGE
    if isinstance(e, BadSettings):
        return "BAD_SETTINGS", str(e), USAGE
    ours = isinstance(e, DataError | IntegrityError | ProgrammingError)
    if isinstance(e, DBAPIError | PoolTimeout) and not ours:
        away = store_unavailable(e)
        return away.code, str(away), STORE_AWAY
    return None
