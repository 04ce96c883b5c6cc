"""The command line: `trading-server ...`."""

from mcp_interface.cli.root import main

__all__ = ["main"]
