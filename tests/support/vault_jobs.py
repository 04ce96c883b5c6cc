"""What child processes do to a vault."""

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
) -> None:
    """Put so many Kite logins away; say each version."""
    with disposing(database.control_engine()) as engine:
        vault = SealedVault(engine, KeyFiles(keys))
        for _ in range(count):
            secrets = Secrets({"access_token": "open-sesame"})
            say(vault.put(principal, session_id, "kite", "AB1234", secrets))
