"""What a server process of ours runs: `trading-server serve` without the seconds that importing
takes. A child process imports this, so it imports little."""

import os
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path

from application.ports.clock import Clock
from infrastructure import logs
from infrastructure.clock import SystemClock
from infrastructure.settings import Settings, load_settings
from mcp_interface.composition import Backend
from mcp_interface.serving import serve_http
from tests.chaos import arms
from tests.support.processes import Say


class ShiftedClock:
    """The machine's clock, moved by so much, so that no run depends on the time of day."""

    def __init__(self, by: timedelta) -> None:
        self._system: Clock = SystemClock()
        self._by = by

    def now(self) -> datetime:
        return self._system.now() + self._by

    def sleep(self, seconds: float) -> None:
        self._system.sleep(seconds)


def serve(
    say: Say, env: Mapping[str, str], port: int, log_file: Path, shift: timedelta, arm: str | None
) -> None:
    """Serve until killed; say the address. `arm` names a naive variant of the order flow."""
    os.environ.clear()
    os.environ.update(env)
    with log_file.open("a") as log:
        os.dup2(log.fileno(), 2)
    settings = load_settings()
    logs.configure(settings.log_level)

    def backend(settings: Settings) -> Backend:
        return Backend(settings, clock=ShiftedClock(shift))

    with arms.instead(arm) if arm else nullcontext():
        serve_http(settings, "127.0.0.1", port, say, backend)
