"""`python -m mcp_interface.cli`, for where the console script is not on the path."""

from mcp_interface.cli.root import main

main()
