"""A data directory and a key directory that nobody else uses, gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert

from domain.instants import as_text
from infrastructure.clock import SystemClock
from infrastructure.identity import IdentityDirectory, token_hash
from infrastructure.migrations.runner import migrate
from infrastructure.settings import Settings
from infrastructure.store.schema import principals, tokens
from mcp_interface.databases import engines


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

    def add_tokens(self, people: int) -> list[str]:
        """Many people at once, past the one-by-one way of the command line."""
        now = as_text(SystemClock().now())
        made = [f"ts_bench_{n}" for n in range(people)]
        ids = [uuid4() for _ in made]
        with self.engine.begin() as connection:
            connection.execute(
                insert(principals),
                [
                    {"principal": p, "issuer": "local", "subject": f"p{n}", "created_at": now}
                    for n, p in enumerate(ids)
                ],
            )
            connection.execute(
                insert(tokens),
                [
                    {
                        "token_hash": token_hash(token),
                        "principal": p,
                        "scopes": "trade",
                        "created_at": now,
                    }
                    for token, p in zip(made, ids, strict=True)
                ],
            )
        return made


@contextmanager
def scratch_server(database_url: str | None = None) -> Iterator[Scratch]:
    with tempfile.TemporaryDirectory(prefix="trading-bench-") as directory:
        yield Scratch(Path(directory), database_url)
