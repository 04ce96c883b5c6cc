"""How every command answers: data on stdout, everything else on stderr, an honest exit code."""

import functools
import json
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, ParamSpec

import typer
from rich.console import Console
from rich.table import Table

from domain.errors import Refusal, StoreUnavailable
from infrastructure.settings import BadSettings
from mcp_interface.composition import CannotStart

P = ParamSpec("P")

FINE: Final = 0
FOUND: Final = 1
USAGE: Final = 2
STORE_AWAY: Final = 3
"""Exit codes: fine; the failure that the command looks for was found; wrong usage or
environment; the store cannot be reached."""

Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]

_err = Console(stderr=True, highlight=False)


def emit(as_json: bool, data: Any, show: Callable[[], None], *, status: str = "ok") -> None:
    """Answer with `data` as JSON, or let `show` print it for a person. Any: JSON values."""
    if as_json:
        sys.stdout.write(json.dumps({"status": status, "data": data}, ensure_ascii=False) + "\n")
    else:
        show()


def say(text: str) -> None:
    """Progress and advice, on stderr."""
    _err.print(text, markup=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table for a person; plain columns when stdout is not a terminal."""
    console = Console(highlight=False)
    if console.is_terminal:
        drawn = Table(*columns, box=None, header_style="bold")
        for row in rows:
            drawn.add_row(*(_cell(value) for value in row))
        console.print(drawn)
        return
    for line in (columns, *rows):
        sys.stdout.write("\t".join(_cell(value) for value in line) + "\n")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value) or "-"
    return str(value)


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Give a command its exit codes: what went wrong is said once, in words or as JSON."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.get("as_json"))
        try:
            function(*args, **kwargs)
        except StoreUnavailable as e:
            _fail(as_json, e.code, str(e), STORE_AWAY)
        except CannotStart as e:
            _fail(as_json, "CANNOT_START", str(e), USAGE)
        except BadSettings as e:
            _fail(as_json, "BAD_SETTINGS", str(e), USAGE)
        except Refusal as e:
            _fail(as_json, e.code, str(e), USAGE)

    return run


def _fail(as_json: bool, code: str, text: str, exit_code: int) -> None:
    if as_json:
        problem = {"status": "error", "error": {"code": code, "message": text}}
        sys.stdout.write(json.dumps(problem, ensure_ascii=False) + "\n")
    else:
        say(f"{code}: {text}")
    raise typer.Exit(exit_code)
