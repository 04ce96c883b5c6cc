"""The tools from a terminal: a real MCP client in the same process, as the user of this machine."""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from domain.errors import InvalidArgument
from mcp_interface.cli.opening import DEFAULT_LABEL, Label
from mcp_interface.cli.output import FOUND, Json, command, emit, emit_problem, show, table

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult

    from mcp_interface.server import TradingServer

T = TypeVar("T")


@command
def list_tools(as_json: Json = False) -> None:
    """The tools that a client of this server sees."""

    async def ask(client: "Client", _: "TradingServer") -> list[dict[str, Any]]:  # Any: JSON
        listed = (await client.list_tools()).tools
        return [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed]

    tools = _as_client(DEFAULT_LABEL, ask)
    rows = [(t["name"], " ".join(t.get("description", "").split())) for t in tools]
    emit(as_json, {"tools": tools, "total": len(tools)}, lambda: table(("tool", "what"), rows))


@command
def call(
    name: Annotated[str, typer.Argument(help="The tool.", show_default=False)],
    arg: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Repeatable; numbers, true, false, null are such."),
    ] = None,
    args_json: Annotated[str | None, typer.Option(help="All arguments as one JSON object.")] = None,
    session: Label = DEFAULT_LABEL,
    as_json: Json = False,
) -> None:
    """Call a tool and print its answer. Exits with 1 if the tool refuses."""
    arguments = _arguments(arg or [], args_json)

    async def ask(client: "Client", server: "TradingServer") -> "CallToolResult":
        texts = _texts(server.arguments_of(name))
        typed = {
            key: value if key in texts or not isinstance(value, _Typed) else _value(value)
            for key, value in arguments.items()
        }
        return await client.call_tool(name, typed)

    answer = _as_client(session, ask)
    text = "\n".join(c.text for c in answer.content if c.type == "text")
    if answer.is_error:
        code, _, words = text.partition(": ")
        known = code.isidentifier() and code.isupper() and words
        emit_problem(
            as_json, code if known else "TOOL_ERROR", words if known else text, status="fail"
        )
        raise typer.Exit(FOUND)
    emit(as_json, answer.structured_content, lambda: show(text))


def _arguments(given: list[str], as_object: str | None) -> dict[str, Any]:  # Any: JSON values
    """Raises:
    InvalidArgument: not KEY=VALUE, not a JSON object, or a key given twice.
    """
    arguments: dict[str, Any] = {}
    if as_object is not None:
        try:
            arguments = json.loads(as_object)
        except ValueError:
            arguments = []  # type: ignore[assignment]  # said below
        if not isinstance(arguments, dict):
            raise InvalidArgument("--args-json is no JSON object. Next: quote it as '{\"a\": 1}'.")
    for pair in given:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise InvalidArgument("--arg is written KEY=VALUE. Next: correct it.")
        if key in arguments:
            raise InvalidArgument(f"{ascii(key)[:40]} is given twice. Next: give it once.")
        arguments[key] = _Typed(text)
    return arguments


class _Typed(str):
    """What was typed behind KEY=, before anybody knows what the tool takes there."""


def _texts(schema: dict[str, Any]) -> frozenset[str]:  # Any: JSON Schema
    """The arguments of a tool that are texts, so that an account number stays one."""
    return frozenset(
        key
        for key, told in schema.get("properties", {}).items()
        if {"string", "null"}.issuperset(_types(told))
    )


def _types(told: dict[str, Any]) -> set[str]:  # Any: JSON Schema
    """One by name, several as a list, or as `anyOf`: a schema may say it in each way."""
    named = [one.get("type", "any") for one in told.get("anyOf", [told])]
    return {name for each in named for name in ([each] if isinstance(each, str) else each)}


def _value(text: str) -> Any:  # Any: a number, true, false, null, or the text itself
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return text
    return value if value is None or isinstance(value, bool | int | float) else text


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is text here")


def _as_client(label: str, ask: "Callable[[Client, TradingServer], Awaitable[T]]") -> T:
    """Ask over an in-memory connection, with the server's background work running."""
    import anyio
    from mcp import Client
    from mcp.types import Implementation

    from application.sessions.enter_session import check_label
    from infrastructure import logs
    from infrastructure.settings import load_settings
    from mcp_interface.background import Background
    from mcp_interface.composition import Backend
    from mcp_interface.server import VERSION
    from mcp_interface.serving import build, local_identity

    async def run() -> T:
        backend = Backend(load_settings())
        server, app = build(backend, local_identity(backend), label)
        this = Implementation(name="trading-server tools", version=VERSION)
        client = Client(server, client_info=this)
        async with Background(backend).running(app.work), client:
            return await ask(client, server)

    check_label(label)
    logs.configure("error")  # a command speaks in sentences
    try:
        return anyio.run(run)
    except ExceptionGroup as group:
        raise _only_one(group) from None


def _only_one(group: ExceptionGroup[Exception]) -> Exception:
    """What went wrong, out of the task groups that it passed through."""
    if len(group.exceptions) > 1:
        return group
    inner = group.exceptions[0]
    return _only_one(inner) if isinstance(inner, ExceptionGroup) else inner
