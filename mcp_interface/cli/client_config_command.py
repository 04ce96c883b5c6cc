"""What to paste into an MCP client. Never a secret: a token stays in its owner's hands."""

import json
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

import typer

from domain.errors import InvalidArgument
from mcp_interface.cli.opening import DEFAULT_LABEL, Label
from mcp_interface.cli.output import Json, command, emit, say, show

Plain = dict[str, Any]
"""A JSON object. Any: its values are JSON."""

Host = Literal["claude-desktop", "claude-code", "cursor", "vscode", "inspector", "json"]

NAME: Final = "trading"
"""What the client calls the server; it becomes a part of every tool's name there."""

VARIABLE: Final = "TRADING_TOKEN"
INPUT: Final = "trading-token"
"""Where a client finds its user's token: an environment variable, or what VS Code asks for."""

INSPECTOR: Final = "npx @modelcontextprotocol/inspector"

WHERE: Final[dict[str, str]] = {
    "claude-desktop": "claude_desktop_config.json (Settings, Developer, Edit Config)",
    "claude-code": "a shell",
    "cursor": "~/.cursor/mcp.json, or .cursor/mcp.json in a project",
    "vscode": ".vscode/mcp.json, or the command 'MCP: Open User Configuration'",
    "inspector": "a shell (Node 22.19 or newer)",
    "json": "the client's list of MCP servers",
}


@dataclass(frozen=True)
class Local:
    """Start the server over stdio: an absolute path, since hosts do not share a shell's PATH."""

    executable: str
    args: list[str]
    env: dict[str, str]

    @property
    def entry(self) -> Plain:
        entry: Plain = {"command": self.executable, "args": self.args}
        return entry | ({"env": self.env} if self.env else {})


@command
def client_config(
    host: Annotated[Host, typer.Argument(help="The client.", show_default=False)],
    url: Annotated[
        str | None,
        typer.Option(help="Connect to a running server, as http://127.0.0.1:8000/mcp."),
    ] = None,
    session: Label = DEFAULT_LABEL,
    as_json: Json = False,
) -> None:
    """Print what to paste into a client: a server of its own over stdio, or --url for HTTP."""
    from application.sessions.enter_session import check_label

    check_label(session)
    notes: list[str] = []
    if url is not None and host == "claude-desktop":
        notes.append(
            "Claude Desktop's configuration file takes local servers only; this starts one of its "
            "own over stdio instead."
        )
        url = None
    if url is None:
        snippet = _over_stdio(host, _local(session, notes))
    else:
        snippet = _over_http(host, _address(url, session), notes)
    written = snippet if isinstance(snippet, str) else json.dumps(snippet, indent=2)
    answer = {
        "host": host,
        "transport": "stdio" if url is None else "http",
        "paste": WHERE[host],
        "command" if isinstance(snippet, str) else "config": snippet,
        "notes": notes,
    }
    emit(as_json, answer, lambda: show(written))
    say(f"This goes into {WHERE[host]}.")
    for note in notes:
        say(note)


def _over_stdio(host: Host, local: Local) -> Plain | str:
    run = shlex.join([local.executable, *local.args])
    env = [f"{name}={value}" for name, value in local.env.items()]
    match host:
        case "claude-code":
            given = shlex.join(word for pair in env for word in ("--env", pair))
            return f"claude mcp add {given + ' ' if env else ''}--transport stdio {NAME} -- {run}"
        case "inspector":
            given = shlex.join(word for pair in env for word in ("-e", pair))
            program, options = shlex.join([local.executable, local.args[0]]), local.args[1:]
            kept = f" -- {shlex.join(options)}" if options else ""
            return f"{INSPECTOR} {given + ' ' if env else ''}{program}{kept}"
        case "vscode":
            return {"servers": {NAME: {"type": "stdio"} | local.entry}}
        case _:
            return {"mcpServers": {NAME: local.entry}}


def _over_http(host: Host, url: str, notes: list[str]) -> Plain | str:
    from_environment = f"Put your token into {VARIABLE} before you start the client."
    match host:
        case "claude-code":
            notes.append(f"Put your token into {VARIABLE} in that shell first.")
            header = f'"Authorization: Bearer ${VARIABLE}"'
            return f"claude mcp add --transport http {NAME} {shlex.quote(url)} --header {header}"
        case "inspector":
            notes.append(f"Put your token into {VARIABLE} in that shell first.")
            header = f'"Authorization: Bearer ${VARIABLE}"'
            return f"{INSPECTOR} --transport http --server-url {shlex.quote(url)} --header {header}"
        case "vscode":
            notes.append("VS Code asks for the token the first time and keeps it.")
            asked = {
                "type": "promptString",
                "id": INPUT,
                "description": "Token (trading-server users add NAME)",
                "password": True,
            }
            entry = {"type": "http", "url": url, "headers": _bearer(f"${{input:{INPUT}}}")}
            return {"inputs": [asked], "servers": {NAME: entry}}
        case "cursor":
            notes.append(from_environment)
            entry = {"url": url, "headers": _bearer(f"${{env:{VARIABLE}}}")}
            return {"mcpServers": {NAME: entry}}
        case _:
            notes.append(f"{from_environment} A client that fills in no variables needs it here.")
            entry = {"type": "http", "url": url, "headers": _bearer(f"${{{VARIABLE}}}")}
            return {"mcpServers": {NAME: entry}}


def _bearer(placeholder: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {placeholder}"}


def _local(session: str, notes: list[str]) -> Local:
    """How to start us here, on the data that this shell means. Hosts pass on no environment."""
    from infrastructure.settings import given_secrets, given_settings, load_settings

    settings = load_settings()
    env = given_settings()
    for name, directory in (
        ("TRADING_DATA_DIR", settings.data_dir),
        ("TRADING_KEYS_DIR", settings.keys_dir),
    ):
        if name in env:
            env[name] = str(directory.absolute())
    for name in given_secrets():
        notes.append(
            f"{name} holds a secret and is not printed: give it to the client's environment "
            "yourself, or use --url."
        )
    labelled = [] if session == DEFAULT_LABEL else ["--session", session]
    return Local(_executable(), ["stdio", *labelled], env)


def _executable() -> str:
    """The absolute path of `trading-server`, unresolved: it stays right after an upgrade."""
    started = Path(sys.argv[0]).absolute()
    beside = Path(sys.executable).with_name("trading-server")
    candidates = (*([started] if started.stem == beside.stem else []), beside, Path(beside.name))
    found = next((path for each in candidates if (path := shutil.which(str(each)))), None)
    return str(Path(found).absolute() if found else beside)


def _address(url: str, session: str) -> str:
    """Raises:
    InvalidArgument: not an http or https address without a password in it.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise InvalidArgument(
            "--url is no address of a server. Next: write http://127.0.0.1:8000/mcp, or https://."
        )
    if session == DEFAULT_LABEL:
        return url
    query = "&".join(part for part in (parts.query, urlencode({"session": session})) if part)
    return urlunsplit(parts._replace(query=query))
