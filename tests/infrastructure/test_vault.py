"""Logins at rest: readable by nobody without the key, and by nobody at all once it is gone."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text, update

from application.ports.broker import Secrets
from domain.errors import StoreUnavailable
from domain.vocabulary import BrokerName
from infrastructure.keystore.files import KeyFiles
from infrastructure.store.schema import vault as table
from infrastructure.vault import SealedVault
from tests.support import vault_jobs
from tests.support.databases import Database, disposing
from tests.support.processes import in_processes

ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
RAVI = UUID("4a100000-0000-4000-8000-000000000002")
WORK = UUID("5e550000-0000-4000-8000-000000000001")
HOME = UUID("5e550000-0000-4000-8000-000000000002")
TOKEN = "open-sesame-31415926535897"
KITE = Secrets({"api_key": "kitekey-2718281828", "access_token": TOKEN})


@pytest.fixture
def vault(engine, keys) -> SealedVault:
    return SealedVault(engine, keys)


@pytest.fixture
def put(vault) -> Callable[..., int]:
    """Put a login away: Asha's at Kite, in her session `work`, unless said otherwise."""

    def put(session_id: UUID = WORK, broker: BrokerName = "kite") -> int:
        version: int = vault.put(ASHA, session_id, broker, "AB1234", KITE)
        return version

    return put


def _row(engine, version: int = 1) -> dict[str, Any]:
    with engine.connect() as connection:
        query = select(table).where(table.c.version == version)
        return dict(connection.execute(query).one()._mapping)


# Round trip


def test_what_was_put_away_comes_back(vault, put):
    assert put() == 1

    found = vault.get(ASHA, WORK, "kite", 1)

    assert found is not None
    account, secrets = found
    assert account == "AB1234"
    assert dict(secrets) == {"api_key": "kitekey-2718281828", "access_token": TOKEN}


def test_another_process_with_the_same_keys_can_read_it(put, database, keys):
    put()

    with disposing(database.control_engine()) as another:
        found = SealedVault(another, KeyFiles(keys.directory)).get(ASHA, WORK, "kite", 1)

    assert found == ("AB1234", KITE)


@pytest.mark.parametrize(
    ("principal", "session_id", "broker", "version"),
    [
        (RAVI, WORK, "kite", 1),
        (ASHA, HOME, "kite", 1),
        (ASHA, WORK, "dhan", 1),
        (ASHA, WORK, "kite", 2),
    ],
    ids=["another person", "another session", "another broker", "another version"],
)
def test_nobody_gets_a_login_by_asking_for_something_else(
    vault, put, principal, session_id, broker, version
):
    put()

    assert vault.get(principal, session_id, broker, version) is None


# Bound to its place


@pytest.mark.parametrize(
    "moved",
    [{"principal": RAVI}, {"session_id": HOME}, {"broker": "dhan"}, {"version": 7}],
    ids=["person", "session", "broker", "version"],
)
def test_a_row_that_was_moved_does_not_open(vault, put, engine, moved):
    put()
    with engine.begin() as connection:
        connection.execute(update(table).values(**moved))
    place = {"principal": ASHA, "session_id": WORK, "broker": "kite", "version": 1} | moved

    found = vault.get(place["principal"], place["session_id"], place["broker"], place["version"])

    assert found is None


def test_a_row_that_was_copied_under_another_person_does_not_open(vault, put, engine):
    put()
    row = _row(engine) | {"principal": RAVI, "session_id": HOME}
    with engine.begin() as connection:
        connection.execute(insert(table).values(**row))

    assert vault.get(RAVI, HOME, "kite", 1) is None
    assert vault.get(ASHA, WORK, "kite", 1) is not None


def test_a_ciphertext_under_the_key_of_another_login_does_not_open(vault, put, engine):
    put()
    put()
    key_of_the_second = _row(engine, 2)["key_id"]
    with engine.begin() as connection:
        connection.execute(
            update(table).where(table.c.version == 1).values(key_id=key_of_the_second)
        )

    assert vault.get(ASHA, WORK, "kite", 1) is None


def test_a_single_changed_bit_does_not_open(vault, put, engine):
    put()
    ciphertext = bytearray(_row(engine)["ciphertext"])
    ciphertext[-1] ^= 1
    with engine.begin() as connection:
        connection.execute(update(table).values(ciphertext=bytes(ciphertext)))

    assert vault.get(ASHA, WORK, "kite", 1) is None


# Versions


def test_versions_rise_per_session_and_broker(put):
    assert [put(), put(), put(broker="dhan"), put(session_id=HOME)] == [1, 2, 1, 1]


def test_a_version_never_comes_twice_even_after_everything_was_forgotten(vault, put):
    put()
    vault.forget(ASHA, WORK)

    assert put() == 2


def test_versions_rise_when_many_log_in_at_once(database, keys):
    said = in_processes(vault_jobs.put_logins, [(database, keys.directory, ASHA, WORK, 5)] * 4)

    versions = [version for each in said for version in each]
    assert sorted(versions) == list(range(1, 21))
    assert all(each == sorted(each) for each in said)
    with disposing(database.control_engine()) as engine:
        vault = SealedVault(engine, keys)
        assert all(vault.get(ASHA, WORK, "kite", version) for version in versions)


# Forgetting


def test_forgetting_a_session_deletes_keys_and_ciphertexts_of_all_its_logins(
    vault, put, engine, keys
):
    put()
    put()
    put(broker="dhan")

    vault.forget(ASHA, WORK)

    assert vault.get(ASHA, WORK, "kite", 2) is None
    assert vault.get(ASHA, WORK, "dhan", 1) is None
    assert list(keys.directory.iterdir()) == []
    with engine.connect() as connection:
        held = connection.execute(select(table.c.ciphertext, table.c.deleted)).all()
    assert held == [(None, True)] * 3


def test_forgetting_one_broker_leaves_the_others(vault, put):
    put()
    put(broker="dhan")

    vault.forget(ASHA, WORK, "kite")

    assert vault.get(ASHA, WORK, "kite", 1) is None
    assert vault.get(ASHA, WORK, "dhan", 1) is not None


def test_nobody_can_make_somebody_elses_login_forgotten(vault, put):
    put()

    vault.forget(RAVI, WORK)

    assert vault.get(ASHA, WORK, "kite", 1) is not None


def test_forgetting_twice_and_forgetting_nothing_is_fine(vault, put):
    put()
    vault.forget(ASHA, WORK)
    vault.forget(ASHA, WORK)
    vault.forget(RAVI, HOME)


def test_a_login_is_dead_when_only_its_key_could_be_deleted(vault, put, engine, keys, monkeypatch):
    """The key goes first: a crash before the row changed leaves nothing that can be read."""
    put()
    with monkeypatch.context() as crash:
        crash.setattr(engine, "begin", _power_cut)
        with pytest.raises(_PowerCut):
            vault.forget(ASHA, WORK)

    assert vault.get(ASHA, WORK, "kite", 1) is None
    assert list(keys.directory.iterdir()) == []
    vault.forget(ASHA, WORK)
    assert _row(engine)["ciphertext"] is None


class _PowerCut(Exception):
    pass


def _power_cut() -> None:
    raise _PowerCut


def test_a_copy_of_the_database_from_before_is_dead_once_the_key_is_gone(tmp_path, keys):
    """Backups, replicas, snapshots: wherever the ciphertext went, the key was never there."""
    database = Database(tmp_path / "data")
    database.directory.mkdir()
    database.migrate()
    with disposing(database.control_engine()) as engine:
        vault = SealedVault(engine, keys)
        vault.put(ASHA, WORK, "kite", "AB1234", KITE)
        backup = Database(tmp_path / "backup")
        backup.directory.mkdir()
        with (
            closing(sqlite3.connect(database.directory / "events.db")) as original,
            closing(sqlite3.connect(backup.directory / "events.db")) as copy,
        ):
            original.backup(copy)
        vault.forget(ASHA, WORK)

    with disposing(backup.control_engine()) as engine:
        assert _row(engine)["ciphertext"] is not None
        assert SealedVault(engine, keys).get(ASHA, WORK, "kite", 1) is None
        stranger = KeyFiles(tmp_path / "other-keys")
        stranger.get_or_create(_row(engine)["key_id"])
        assert SealedVault(engine, stranger).get(ASHA, WORK, "kite", 1) is None


def test_the_files_of_the_database_never_hold_a_secret_or_an_account(tmp_path, keys):
    database = Database(tmp_path / "data")
    database.directory.mkdir()
    database.migrate()
    with disposing(database.control_engine()) as engine:
        vault = SealedVault(engine, keys)
        vault.put(ASHA, WORK, "kite", "AB1234", KITE)
        files = {f.name: f.read_bytes() for f in database.directory.iterdir()}
        vault.forget(ASHA, WORK)

    assert "events.db-wal" in files
    everything = b"".join(files.values())
    for plain in (TOKEN, "kitekey-2718281828", "AB1234"):
        assert plain.encode() not in everything
    for key_file in keys.directory.iterdir():
        assert key_file.read_bytes() not in everything


# What is said about it


def test_a_login_shows_no_value_wherever_it_is_printed(vault, put):
    put()
    found = vault.get(ASHA, WORK, "kite", 1)

    for shown in (repr(found), str(found), f"{found[1]}", f"{found[1]!r}", repr(KITE)):
        assert TOKEN not in shown
        assert "kitekey" not in shown
    assert "access_token" in repr(KITE)


def test_a_failure_to_store_tells_no_secret_not_even_through_its_causes(database, keys):
    with disposing(database.control_engine()) as engine:
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE vault"))

        with pytest.raises(StoreUnavailable) as failure:
            SealedVault(engine, keys).put(ASHA, WORK, "kite", "AB1234", KITE)

    told = []
    cause: BaseException | None = failure.value
    while cause is not None:
        told += [str(cause), repr(cause), repr(vars(cause))]
        cause = cause.__cause__ or cause.__context__
    for plain in (TOKEN, "kitekey-2718281828", "AB1234"):
        assert not any(plain in words for words in told)
