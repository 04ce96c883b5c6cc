"""A data directory and a key directory that nobody else uses, gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infrastructure.clock import SystemClock
from infrastructure.identity import IdentityDirectory
from infrastructure.migrations.runner import migrate
from infrastructure.settings import Settings
from mcp_interface.composition import engines


class Scratch:
    def __init__(self, directory: Path, database_url: str | None) -> None:
        self.env = {
            "TRADING_DATA_DIR": str(directory / "data"),
            "TRADING_KEYS_DIR": str(directory / "keys"),
            "MAX_SESSIONS": "20000",
        }
        if database_url:
            self.env["TRADING_DATABASE_URL"] = database_url
        self.settings = Settings.model_validate(self.env)
        self.engine, _ = engines(self.settings)
        migrate(self.engine)
        self.identities = IdentityDirectory(self.engine, SystemClock())

    def add_token(self, name: str) -> str:
        return self.identities.add_token(name, ["trade"])


@contextmanager
def scratch_server(database_url: str | None = None) -> Iterator[Scratch]:
    with tempfile.TemporaryDirectory(prefix="trading-bench-") as directory:
        yield Scratch(Path(directory), database_url)
