"""All commands in one place."""

import sys
from collections.abc import Callable

import typer

from mcp_interface.cli import (
    audit_commands,
    client_config_command,
    doctor_command,
    egress_commands,
    instruments_commands,
    projections_commands,
    risk_commands,
    serving_commands,
    sessions_commands,
    switch_commands,
    tools_commands,
    users_commands,
    vault_commands,
)
from mcp_interface.cli.output import FINE, emit_problem

app = typer.Typer(
    name="trading-server",
    help="One MCP server through which many people trade with their own broker accounts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _group(name: str, help: str, commands: dict[str, Callable[..., None]]) -> None:
    group = typer.Typer(help=help, no_args_is_help=True)
    for each, function in commands.items():
        group.command(each)(function)
    app.add_typer(group, name=name)


app.command("demo")(serving_commands.demo)
app.command("serve")(serving_commands.serve)
app.command("stdio")(serving_commands.stdio)
app.command("client-config")(client_config_command.client_config)
app.command("doctor")(doctor_command.doctor)
_group(
    "users",
    "Who may call the HTTP server: tokens.",
    {
        "add": users_commands.add,
        "list": users_commands.list_users,
        "revoke": users_commands.revoke,
    },
)
_group(
    "egress",
    "By which way each account's calls leave: source address or proxy.",
    {
        "set": egress_commands.set_egress,
        "show": egress_commands.show,
        "clear": egress_commands.clear,
    },
)
_group(
    "sessions",
    "Sessions of everybody.",
    {
        "list": sessions_commands.list_sessions,
        "show": sessions_commands.show_session,
        "expire": sessions_commands.expire,
    },
)
app.command("stats")(projections_commands.stats)
_group(
    "audit",
    "What a user did, and what was known at a moment.",
    {
        "timeline": audit_commands.timeline,
        "state": audit_commands.state,
        "whatif": audit_commands.whatif,
    },
)
_group(
    "risk",
    "What people may do at most: the risk limits.",
    {"show": risk_commands.show_limits, "set": risk_commands.set_limits},
)
_group(
    "switch",
    "Stop trading: for everybody, a user or an account.",
    {
        "show": switch_commands.show_switches,
        "on": switch_commands.halt,
        "off": switch_commands.resume,
    },
)
_group(
    "tools",
    "Try the tools without an MCP client.",
    {"list": tools_commands.list_tools, "call": tools_commands.call},
)
_group(
    "projections",
    "The read models.",
    {"status": projections_commands.status, "rebuild": projections_commands.rebuild},
)
_group(
    "vault",
    "Stored logins and their keys.",
    {"status": vault_commands.vault_status, "rotate": vault_commands.rotate},
)
_group(
    "instruments",
    "What can be traded: the table of the day.",
    {
        "load": instruments_commands.load,
        "status": instruments_commands.status,
        "search": instruments_commands.search,
        "show": instruments_commands.show_instrument,
        "quarantine": instruments_commands.quarantine,
    },
)
app.command("migrate")(serving_commands.migrate_command)
app.command("simulator")(serving_commands.simulator)


def main() -> None:
    """Run one command. Whoever asked for JSON gets wrong usage as JSON, too."""
    if "--json" not in sys.argv[1:]:
        app()
        return
    try:
        exit_code = app(standalone_mode=False)
    except typer.TyperException as e:
        emit_problem(True, "USAGE", e.format_message())
        sys.exit(e.exit_code)
    except typer.Abort:
        emit_problem(True, "ABORTED", "Stopped at the question; nothing was changed.")
        sys.exit(1)
    sys.exit(exit_code or FINE)
