"""The seed's demo, for real: processes, tokens, MCP clients over HTTP, and a SIGKILL."""
