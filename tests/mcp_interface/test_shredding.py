"""Whoever copied the database while a session lived has nothing once it is over.

The attack: take the ciphertext out of the copy, and try every run of 32 bytes of every file that is
left, as it is and out of base64, as its key. The same attack does find the key while it is there.
"""

import base64
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from infrastructure.ciphers import bound, decrypt
from infrastructure.keystore.store import KEY_BYTES
from infrastructure.store.schema import vault as table
from mcp_interface.composition import Backend
from tests.support.canary import ACCOUNT, CANARIES, CONTEXT, installation, log_in, settings
from tests.support.databases import Database, disposing

TOKEN = CANARIES["access_token"].encode()


def _by_logging_out(backend: Backend) -> None:
    entered = backend.enter(CONTEXT, "default")
    assert backend.log_out(CONTEXT, entered, ("kite",)) == ("kite",)


def _by_ending_the_session(backend: Backend) -> None:
    entered = backend.enter(CONTEXT, "default")
    assert backend.close_session.end(CONTEXT, entered.session_id, "operator")


def _rows(backend: Backend) -> list[dict[str, Any]]:
    with backend.engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(select(table))]


def _files(home: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(home)): file.read_bytes() for file in home.rglob("*") if file.is_file()
    }


def _candidates(content: bytes) -> Iterator[bytes]:
    """Every run of bytes that could be a key."""
    for start in range(len(content) - KEY_BYTES + 1):
        run = content[start : start + KEY_BYTES]
        if len(set(run)) > 8:  # text and empty pages are no random keys
            yield run
    for text in re.findall(rb"[A-Za-z0-9+/]{43}=", content):
        yield base64.b64decode(text)


def _secret(row: dict[str, Any], files: dict[str, bytes]) -> bytes | None:
    """What the ciphertext says, if any of these files holds its key."""
    place = bound(
        "login", *(row[c] for c in ("principal", "session_id", "broker", "version", "key_id"))
    )
    for content in files.values():
        for key in _candidates(content):
            if (plain := decrypt(key, row["ciphertext"], place)) is not None:
                return plain
    return None


@pytest.mark.parametrize("end", [_by_logging_out, _by_ending_the_session])
def test_a_copied_database_and_its_log_are_dead_when_the_login_is_over(
    tmp_path, end: Callable[[Backend], None]
):
    home, copied = tmp_path / "home", tmp_path / "copied"
    with installation(settings(home)) as backend:
        log_in(backend)
        shutil.copytree(home / "data", copied)
        assert {"events.db", "events.db-wal", "events.db-shm"} <= {f.name for f in copied.iterdir()}
        with disposing(Database(copied).control_engine()) as engine, engine.connect() as connection:
            [row] = [dict(r._mapping) for r in connection.execute(select(table))]
        assert TOKEN in (_secret(row, _files(home / "keys")) or b"")

        end(backend)

        assert _secret(row, _files(home)) is None
    left = _files(home)  # the write-ahead log has been folded into its database
    assert _secret(row, left) is None
    for name, content in (left | _files(copied)).items():
        for canary in (*CANARIES.values(), ACCOUNT, "CanaryRequest91d4"):
            assert canary.encode() not in content, name


@pytest.mark.parametrize("end", [_by_logging_out, _by_ending_the_session])
def test_rows_that_were_copied_out_of_postgres_are_dead_when_the_login_is_over(
    tmp_path, postgres_url, end: Callable[[Backend], None]
):
    Database(tmp_path, postgres_url).migrate()
    with installation(settings(tmp_path, postgres_url)) as backend:
        log_in(backend)
        [row] = _rows(backend)
        assert TOKEN in (_secret(row, _files(tmp_path / "keys")) or b"")

        end(backend)

        assert _secret(row, _files(tmp_path / "keys")) is None
        assert TOKEN not in row["ciphertext"]
        assert _rows(backend)[0]["ciphertext"] is None


def test_with_the_keys_in_a_vault_no_file_ever_holds_one(tmp_path, openbao):
    given = settings(
        tmp_path,
        TRADING_KEY_STORE="vault",
        TRADING_VAULT_ADDR=openbao.url,
        TRADING_VAULT_TOKEN=openbao.token,
        TRADING_VAULT_PREFIX="shredding",
    )
    with installation(given) as backend:
        log_in(backend)
        [row] = _rows(backend)
        assert backend.vault.get(*_login(row)) is not None
        assert not (tmp_path / "keys").exists()
        assert _secret(row, _files(tmp_path)) is None

        _by_ending_the_session(backend)

        gone = openbao.ask("GET", f"secret/metadata/shredding/{row['key_id']}")
        assert gone.status_code == 404
    for name, content in _files(tmp_path).items():
        assert openbao.token.encode() not in content, name


def _login(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[c] for c in ("principal", "session_id", "broker", "version"))
