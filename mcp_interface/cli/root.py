"""All commands in one place."""

import typer

from mcp_interface.cli import serving_commands

app = typer.Typer(
    name="trading-server",
    help="One MCP server through which many people trade with their own broker accounts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command("demo")(serving_commands.demo)
app.command("simulator")(serving_commands.simulator)
app.command("serve")(serving_commands.serve)
app.command("stdio")(serving_commands.stdio)
app.command("migrate")(serving_commands.migrate_command)


def main() -> None:
    app()
