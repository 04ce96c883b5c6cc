"""What the demo happens in: a scratch directory, a simulator, a server, people with tokens."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import httpx2
from anyio import to_thread
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from infrastructure.settings import environment_with
from mcp_interface.demo.saying_yes import Yes

Plain = dict[str, Any]
"""A JSON object. Any: its values are JSON."""

Era = Literal["auto", "legacy"]
START_SECONDS: Final = 30
TIMEOUT_SECONDS: Final = 20.0
COMMAND: Final = [sys.executable, "-m", "mcp_interface.cli"]


class Stage:
    """Processes of one demo. Everything listens on 127.0.0.1 at ports that were free."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.env = environment_with(
            {
                "TRADING_DATA_DIR": str(directory / "data"),
                "TRADING_KEYS_DIR": str(directory / "keys"),
                "TRADING_LOG_LEVEL": "warning",
            }
        )
        self.simulator_url = ""
        self.server_url = ""
        self._server: subprocess.Popen[str] | None = None
        self._simulator: subprocess.Popen[str] | None = None

    def start_simulator(self) -> None:
        self._simulator, told = self._start("simulator", "--port", "0")
        self.simulator_url = told["url"]
        for broker in ("KITE", "GROWW", "DHAN"):
            self.env[f"TRADING_{broker}_URL"] = self.simulator_url

    def start_server(self) -> None:
        port = self.server_url.rsplit(":", 1)[1].split("/")[0] if self.server_url else "0"
        self._server, told = self._start("serve", "--port", port)
        self.server_url = told["mcp"].removesuffix("/mcp")

    def kill_server(self) -> int:
        """SIGKILL: no handler runs, nothing is flushed. Answers with the exit status."""
        assert self._server is not None
        self._server.send_signal(signal.SIGKILL)
        return self._server.wait(timeout=10)

    def run(self, *arguments: str) -> Plain:
        """A command of ours, as an operator would type it; its JSON answer."""
        done = subprocess.run(
            [*COMMAND, *arguments, "--json"],
            env=self.env,
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        answer: Plain = json.loads(done.stdout)
        if answer["status"] == "error":
            raise RuntimeError(f"{' '.join(arguments)}: {answer['error']['message']}")
        data: Plain = answer["data"]
        return data

    def get(self, path: str, token: str | None = None) -> tuple[int, Plain]:
        """A plain HTTP request to the server, such as a browser or a monitor makes."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx2.get(
            self.server_url + path, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
        )
        body: Plain = answer.json()
        return answer.status_code, body

    def log_in_at_the_broker(self, login_url: str, user: str) -> str:
        """What a person does in the browser: open the link, say who they are, get the token."""
        answer = httpx2.get(
            login_url + f"&user_id={user}",
            headers={"Accept": "application/json"},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
        token: str = answer.json()["request_token"]
        return token

    def days_token(self, broker: str, user: str) -> str:
        """What a person copies from the broker's own page: a token of the day."""
        answer = httpx2.post(
            f"{self.simulator_url}/simulator/tokens",
            json={"broker": broker, "user": user},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )
        token: str = answer.json()["access_token"]
        return token

    def _start(self, *arguments: str) -> tuple[subprocess.Popen[str], Plain]:
        with (self.directory / f"{arguments[0]}.log").open("a") as log:
            process = subprocess.Popen(
                [*COMMAND, *arguments, "--json"],
                env=self.env,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            process.wait(timeout=10)
            tail = (self.directory / f"{arguments[0]}.log").read_text()[-800:]
            raise RuntimeError(f"{arguments[0]} did not start: {tail}")
        told: Plain = json.loads(line)["data"]
        return process, told

    def close(self) -> None:
        for process in (self._server, self._simulator):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()


@contextmanager
def stage(directory: Path) -> Iterator[Stage]:
    made = Stage(directory)
    try:
        yield made
    finally:
        made.close()


class Person:
    """Someone with a token and a connected MCP client, who says yes to their own orders."""

    def __init__(self, client: Client, yes: Yes) -> None:
        self._client = client
        self.yes = yes

    async def call(self, tool: str, arguments: Mapping[str, Any] | None = None) -> Plain:
        """The structured answer; `{"refused": text}` where the tool said no."""
        answer = await self._client.call_tool(tool, dict(arguments or {}))
        if answer.is_error:
            return {"refused": getattr(answer.content[0], "text", "")}
        data: Plain = answer.structured_content or {}
        if data.get("state") != "AWAITING_APPROVAL":
            return data
        await to_thread.run_sync(self.yes.on_the_page, data["approvalUrl"])
        return await self.call("get_order", {"order_key": data["orderKey"]})


@asynccontextmanager
async def connected(server_url: str, token: str, era: Era) -> AsyncIterator[Person]:
    """A real MCP client over real HTTP."""
    yes = Yes(token)
    async with (
        httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_SECONDS, trust_env=False
        ) as http,
        Client(
            streamable_http_client(f"{server_url}/mcp", http_client=http),
            mode=era,
            elicitation_callback=yes.in_client,
        ) as client,
    ):
        yield Person(client, yes)
