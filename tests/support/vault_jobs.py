"""What child processes do to a vault."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from application.ports.broker import Secrets
from application.ports.vault import HeldLogin
from infrastructure.keystore.files import KeyFiles
from infrastructure.vault import SealedVault
from tests.support.databases import Database, disposing
from tests.support.processes import Say


@contextmanager
def _vault(database: Database, keys: Path) -> Iterator[SealedVault]:
    with disposing(database.control_engine()) as engine:
        yield SealedVault(engine, KeyFiles(keys))


def put_logins(
    say: Say,
    database: Database,
    keys: Path,
    principal: UUID,
    session_id: UUID,
    count: int,
) -> None:
    """Put so many Kite logins away; say each version."""
    with _vault(database, keys) as vault:
        for _ in range(count):
            secrets = Secrets({"access_token": "open-sesame"})
            say(vault.put(principal, session_id, "kite", "AB1234", secrets))


def rotate_often(say: Say, database: Database, keys: Path, login: HeldLogin, count: int) -> None:
    """Rotate a login's key so often, or until it is gone; say how each time ended."""
    with _vault(database, keys) as vault:
        while count:
            done = vault.rotate(login)
            if done == "unreadable":  # somebody is just forgetting it
                continue
            say(done)
            if done == "gone":
                return
            count -= 1


def read_often(say: Say, database: Database, keys: Path, login: HeldLogin, count: int) -> None:
    """Read a login so often; say each time if it could be read."""
    with _vault(database, keys) as vault:
        for _ in range(count):
            say(vault.get(*login[:4]) is not None)


def clean_up_often(say: Say, database: Database, keys: Path, count: int) -> None:
    """Destroy loose keys so often, as many starting instances do."""
    with _vault(database, keys) as vault:
        for _ in range(count):
            vault.destroy_loose_keys()
    say("done")
