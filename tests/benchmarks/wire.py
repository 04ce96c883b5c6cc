"""A keep-alive HTTP client that costs little, and processes whose CPU and memory are read."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mcp.types import LATEST_PROTOCOL_VERSION

SERVE = ["-m", "mcp_interface.cli", "serve", "--port", "0", "--json"]
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
META = {
    "io.modelcontextprotocol/protocolVersion": LATEST_PROTOCOL_VERSION,
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Caller:
    """Calls one tool over one connection, in the 2026-07-28 era."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._token = token

    def __call__(
        self, tool: str, arguments: Mapping[str, object] | None = None
    ) -> dict[str, object]:
        body = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": dict(arguments or {}), "_meta": META},
        }
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {self._token}",
            "MCP-Protocol-Version": LATEST_PROTOCOL_VERSION,
            "Mcp-Method": "tools/call",
            "Mcp-Name": tool,
        }
        self._connection.request("POST", "/mcp", json.dumps(body), headers)
        answer = json.loads(self._connection.getresponse().read())
        if "result" not in answer or answer["result"].get("isError"):
            raise RuntimeError(f"{tool} answered {answer}")
        result: dict[str, object] = answer["result"]
        return result

    def close(self) -> None:
        self._connection.close()


class Server:
    """A child process that serves; `cpu_seconds` and `rss_kib` are its own."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid = pid
        self.port = port

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def rss_kib(self) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise RuntimeError("no VmRSS")


@contextmanager
def serving(command: list[str], environment: Mapping[str, str]) -> Iterator[Server]:
    """Start a server that prints one JSON line with its `mcp` address when it is ready."""
    process = subprocess.Popen(
        [sys.executable, *command],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        told = json.loads(process.stdout.readline())
        address = told["data"]["mcp"]
        yield Server(process.pid, int(address.rsplit(":", 1)[1].split("/")[0]))
    finally:
        process.terminate()
        process.wait(timeout=60)
