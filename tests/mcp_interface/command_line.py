"""The real console script in a process of its own, on data and keys of its own."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.mcp_interface import warm

SCRIPT = Path(sys.executable).with_name("trading-server")
OURS = ("TRADING_", "MAX_SESSIONS", "SESSION_", "CLEANUP_")


@dataclass(frozen=True)
class Said:
    """What one command answered with."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, str]]:
        """The first table on stdout: one dictionary per row, by the columns' names."""
        lines = [line.split("\t") for line in self.out.split("\n\n")[0].splitlines()]
        return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


@dataclass(frozen=True)
class CommandLine:
    """`trading-server`, as one user of a machine that has nothing else on it.

    `cold`: each command is a start of the console script, not a fork; see `warm`.
    """

    home: Path
    cold: bool = False
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def data_dir(self) -> Path:
        return self.home / "data"

    @property
    def keys_dir(self) -> Path:
        return self.home / "keys"

    @property
    def env(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        return kept | {
            "TRADING_DATA_DIR": str(self.data_dir),
            "TRADING_KEYS_DIR": str(self.keys_dir),
            "TRADING_USER": "asha",
            **self.settings,
        }

    def given(self, **settings: str) -> "CommandLine":
        """The same machine with other settings."""
        return replace(self, settings=self.settings | settings)

    def __call__(self, *words: str) -> Said:
        """Run a command to its end; no command may ever show a traceback."""
        said = self._started(words) if self.cold else self._forked(words)
        assert "Traceback" not in said.err, said.err
        return said

    def _started(self, words: tuple[str, ...]) -> Said:
        done = subprocess.run(
            [SCRIPT, *words],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def _forked(self, words: tuple[str, ...]) -> Said:
        with tempfile.TemporaryDirectory() as name:
            streams = Path(name)
            code = warm.run(SCRIPT, words, self.env, streams)
            return Said(code, (streams / "out").read_text(), (streams / "err").read_text())

    def json(self, *words: str, code: int = 0) -> Any:
        """Run it with --json: one object on stdout and nothing else, whatever happens."""
        said = self(*words, "--json")
        assert said.code == code, (said.code, said.out, said.err)
        answer = json.loads(said.out)
        assert answer["status"] == {0: "ok", 1: "fail"}.get(code, "error")
        return answer["error"] if "error" in answer else answer["data"]

    def buy_ten(self, order_key: str) -> Any:
        """A paper order for ten shares, through the tools."""
        pairs = {
            "trading_symbol": "INFY",
            "exchange": "NSE",
            "transaction_type": "BUY",
            "order_type": "MARKET",
            "quantity": "10",
            "product": "CNC",
            "broker": "paper",
            "order_key": order_key,
        }
        arguments = [word for k, v in pairs.items() for word in ("--arg", f"{k}={v}")]
        return self.json("tools", "call", "create_order", *arguments)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """A server in the background; gives its address."""
        server = subprocess.Popen(
            [SCRIPT, "serve", "--port", "0", "--json"],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert server.stdout is not None
            address = json.loads(server.stdout.readline())["data"]["mcp"]
            yield str(address).removesuffix("/mcp")
        finally:
            server.terminate()
            server.communicate(timeout=30)


def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
