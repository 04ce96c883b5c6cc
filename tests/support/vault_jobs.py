"""What child processes do to a vault."""

import time
from pathlib import Path
from uuid import UUID

from application.ports.broker import Secrets
from infrastructure.keys import KeyFiles
from infrastructure.vault import SealedVault
from tests.support.databases import Database, disposing
from tests.support.processes import Say


def put_logins(
    say: Say,
    database: Database,
    keys: Path,
    principal: UUID,
    session_id: UUID,
    count: int,
    at: float,
) -> None:
    """Put so many Kite logins away, beginning at the same moment as others; say each version."""
    time.sleep(max(0.0, at - time.monotonic()))
    with disposing(database.control_engine()) as engine:
        vault = SealedVault(engine, KeyFiles(keys))
        for _ in range(count):
            secrets = Secrets({"access_token": "open-sesame"})
            say(vault.put(principal, session_id, "kite", "AB1234", secrets))
