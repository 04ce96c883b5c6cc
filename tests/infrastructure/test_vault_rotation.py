"""A login gets a new key and can be read at every moment; no key is ever lost sight of."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from application.ports.broker import Secrets
from application.ports.vault import HeldLogin
from infrastructure.keystore.files import KeyFiles
from infrastructure.loose_keys import LooseKeys
from infrastructure.store.schema import loose_keys
from infrastructure.store.schema import vault as table
from infrastructure.vault import SealedVault
from tests.support import vault_jobs
from tests.support.processes import child, in_processes

ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
WORK = UUID("5e550000-0000-4000-8000-000000000001")
KITE = Secrets({"api_key": "kitekey-2718281828", "access_token": "open-sesame"})
LOGIN = HeldLogin(ASHA, WORK, "kite", 1, False, None)
NEXT_MORNING = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)


class Crash(Exception):
    """The process died here."""


class CrashingKeys:
    """A key store whose process dies at one call, before or after it took effect."""

    def __init__(self, keys: KeyFiles) -> None:
        self.keys = keys
        self.dies_at: str | None = None

    @property
    def where(self) -> str:
        return self.keys.where

    def get(self, name: str) -> bytes | None:
        return self.keys.get(name)

    def get_or_create(self, name: str) -> bytes:
        if self.dies_at == "before create":
            raise Crash
        made = self.keys.get_or_create(name)
        if self.dies_at == "after create":
            raise Crash
        return made

    def delete(self, name: str) -> None:
        if self.dies_at == "before delete":
            raise Crash
        self.keys.delete(name)
        if self.dies_at == "after delete":
            raise Crash


@pytest.fixture
def crashing(keys) -> CrashingKeys:
    return CrashingKeys(keys)


@pytest.fixture
def vault(engine, crashing) -> SealedVault:
    return SealedVault(engine, crashing)


@pytest.fixture
def logged_in(vault) -> None:
    vault.put(ASHA, WORK, "kite", "AB1234", KITE, NEXT_MORNING)


def _files(keys: KeyFiles) -> list[str]:
    return sorted(file.stem for file in keys.directory.glob("login-*.key"))


def _key_id(engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(select(table.c.key_id)).scalar_one())


def _readable(vault) -> bool:
    return bool(vault.get(ASHA, WORK, "kite", 1) == ("AB1234", KITE))


# Rotation


def test_a_rotated_login_reads_as_before_under_another_key(vault, logged_in, engine, keys):
    old = _key_id(engine)

    assert vault.rotate(LOGIN) == "rotated"

    assert _readable(vault)
    assert _files(keys) == [_key_id(engine)] != [old]
    assert vault.status() == (1, 0, 1, 0, 0)


def test_a_copy_from_before_the_rotation_is_dead_after_it(vault, logged_in, engine):
    with engine.connect() as connection:
        before = dict(connection.execute(select(table)).one()._mapping)
    vault.rotate(LOGIN)
    with engine.begin() as connection:
        connection.execute(table.delete())
        connection.execute(insert(table).values(**before))

    assert vault.get(ASHA, WORK, "kite", 1) is None


def test_a_retired_login_stays_retired_when_it_is_rotated(vault, logged_in):
    vault.retire(ASHA, WORK, "kite", 1, NEXT_MORNING)

    assert vault.rotate(LOGIN) == "rotated"

    assert vault.get(ASHA, WORK, "kite", 1) is None
    assert vault.get_to_settle(ASHA, WORK, "kite", 1) == ("AB1234", KITE)


def test_a_login_that_is_gone_or_has_lost_its_key_is_not_rotated(vault, logged_in, engine, keys):
    keys.delete(_key_id(engine))
    assert vault.rotate(LOGIN) == "unreadable"
    vault.forget(ASHA, WORK)

    assert vault.rotate(LOGIN) == "gone"
    assert _files(keys) == []


@pytest.mark.parametrize(
    "moment", ["before create", "after create", "before delete", "after delete"]
)
def test_a_crash_in_the_middle_of_a_rotation_leaves_a_readable_login(
    vault, logged_in, crashing, keys, moment
):
    crashing.dies_at = moment
    with pytest.raises(Crash):
        vault.rotate(LOGIN)
    crashing.dies_at = None

    assert _readable(vault)
    assert vault.status().loose_keys == 1
    assert vault.destroy_loose_keys() == 1
    assert _readable(vault)
    assert len(_files(keys)) == 1
    assert vault.status() == (1, 0, 1, 0, 0)


def test_whoever_reads_during_rotations_always_reads_it(database, vault, logged_in, keys):
    with (
        child(vault_jobs.read_often, database, keys.directory, LOGIN, 300) as reader,
        child(vault_jobs.rotate_often, database, keys.directory, LOGIN, 40) as rotator,
    ):
        assert rotator.hear_out(seconds=60) == ["rotated"] * 40
        said = reader.hear_out(seconds=60)

    assert set(said) == {True}
    assert vault.status() == (1, 0, 1, 0, 0)


def test_processes_that_rotate_the_same_login_at_once_leave_one_key(
    database, vault, logged_in, keys
):
    jobs = [(database, keys.directory, LOGIN, 15)] * 3
    said = in_processes(vault_jobs.rotate_often, jobs)

    assert {word for each in said for word in each} == {"rotated"}
    assert _readable(vault)
    assert vault.status() == (1, 0, 1, 0, 0)
    assert len(_files(keys)) == 1


def test_a_login_that_is_forgotten_during_rotations_is_dead(database, vault, logged_in, keys):
    with child(vault_jobs.rotate_often, database, keys.directory, LOGIN, 200) as rotator:
        assert rotator.hear() == "rotated"
        vault.forget(ASHA, WORK)
        assert rotator.hear_out(seconds=60)[-1] == "gone"

    assert not _readable(vault)
    assert _files(keys) == []
    assert vault.status() == (0, 0, 0, 0, 0)


def test_a_rotation_that_swaps_the_key_in_the_middle_of_forgetting_saves_nothing(
    vault, logged_in, crashing, keys, monkeypatch
):
    delete = keys.delete

    def first_another_rotates(name: str) -> None:
        monkeypatch.setattr(keys, "delete", delete)
        assert vault.rotate(LOGIN) == "rotated"
        delete(name)

    monkeypatch.setattr(keys, "delete", first_another_rotates)
    vault.forget(ASHA, WORK)

    assert not _readable(vault)
    assert _files(keys) == []


# Keys that no login uses


@pytest.mark.parametrize("moment", ["before create", "after create"])
def test_a_crash_while_a_login_is_put_away_leaves_a_key_that_is_found(
    vault, crashing, keys, moment
):
    crashing.dies_at = moment
    with pytest.raises(Crash):
        vault.put(ASHA, WORK, "kite", "AB1234", KITE)
    crashing.dies_at = None

    assert vault.destroy_loose_keys() == 1
    assert _files(keys) == []
    assert vault.put(ASHA, WORK, "kite", "AB1234", KITE) == 1


def test_a_clean_up_never_takes_a_key_out_of_use_however_slowly_a_login_is_made(
    vault, crashing, keys, monkeypatch
):
    """Another instance starts while this one has made the key and not yet stored the row."""
    made = []

    def slowly(name: str) -> bytes:
        key = keys.get_or_create(name)
        made.append(name)
        if len(made) == 1:
            assert vault.destroy_loose_keys() == 1
        return bytes(key)

    monkeypatch.setattr(crashing, "get_or_create", slowly)

    assert vault.put(ASHA, WORK, "kite", "AB1234", KITE) == 1

    assert _readable(vault)
    assert _files(keys) == [made[1]]
    assert vault.destroy_loose_keys() == 0
    assert _readable(vault)


def test_a_key_that_a_clean_up_is_about_to_destroy_is_not_taken_into_use(
    vault, crashing, keys, monkeypatch
):
    made = []

    def slowly(name: str) -> bytes:
        key = keys.get_or_create(name)
        made.append(name)
        if len(made) == 1:
            crashing.dies_at = "before delete"
            with pytest.raises(Crash):
                vault.destroy_loose_keys()
            crashing.dies_at = None
        return bytes(key)

    monkeypatch.setattr(crashing, "get_or_create", slowly)
    vault.put(ASHA, WORK, "kite", "AB1234", KITE)

    assert _readable(vault)
    assert _files(keys) == [made[1]]


def test_a_key_that_came_into_use_after_the_list_was_read_is_left_alone(
    vault, logged_in, engine, keys
):
    LooseKeys(engine, keys).destroy(_key_id(engine))

    assert _readable(vault)


def test_a_clean_up_that_dies_is_finished_by_the_next_one(vault, engine, keys, crashing):
    loose = LooseKeys(engine, crashing)
    key_id, _ = loose.make()
    crashing.dies_at = "after delete"
    with pytest.raises(Crash):
        loose.destroy_all()
    crashing.dies_at = None

    assert vault.destroy_loose_keys() == 1
    assert keys.get(key_id) is None
    with engine.connect() as connection:
        assert connection.execute(select(loose_keys)).all() == []


def test_processes_log_in_and_clean_up_at_once_and_every_login_can_be_read(database, keys, vault):
    jobs = [(database, keys.directory, ASHA, WORK, 10)] * 3
    with child(vault_jobs.clean_up_often, database, keys.directory, 60) as cleaner:
        said = in_processes(vault_jobs.put_logins, jobs)
        cleaner.hear_out(seconds=60)

    versions = sorted(version for each in said for version in each)
    assert versions == list(range(1, 31))
    assert all(vault.get(ASHA, WORK, "kite", version) for version in versions)
    vault.destroy_loose_keys()
    assert vault.status() == (30, 0, 30, 0, 0)
    assert len(_files(keys)) == 30


# Retired logins


def test_a_retired_login_is_there_for_settling_and_for_nothing_else(vault, logged_in):
    vault.retire(ASHA, WORK, "kite", 1, NEXT_MORNING)

    assert vault.get(ASHA, WORK, "kite", 1) is None
    assert vault.get_to_settle(ASHA, WORK, "kite", 1) == ("AB1234", KITE)
    assert vault.held(ASHA, WORK) == [HeldLogin(ASHA, WORK, "kite", 1, True, NEXT_MORNING)]
    assert vault.status() == (0, 1, 1, 0, 0)


def test_what_was_forgotten_cannot_be_settled_with_either(vault, logged_in):
    vault.retire(ASHA, WORK, "kite", 1, NEXT_MORNING)
    vault.forget(ASHA, WORK, "kite", 1)

    assert vault.get_to_settle(ASHA, WORK, "kite", 1) is None
    assert vault.held(ASHA, WORK) == []


def test_the_end_of_the_brokers_day_is_kept_and_only_a_missing_one_is_given_later(vault):
    later = datetime(2026, 11, 25, tzinfo=UTC)
    vault.put(ASHA, WORK, "kite", "AB1234", KITE, NEXT_MORNING)
    vault.put(ASHA, WORK, "dhan", "1100", KITE)
    for broker in ("kite", "dhan"):
        vault.retire(ASHA, WORK, broker, 1, later)

    assert {h.broker: h.forget_by for h in vault.held_by_all()} == {
        "kite": NEXT_MORNING,
        "dhan": later,
    }


def test_one_login_of_several_can_be_forgotten(vault, logged_in):
    vault.put(ASHA, WORK, "kite", "AB1234", KITE)

    vault.forget(ASHA, WORK, "kite", 1)

    assert vault.get(ASHA, WORK, "kite", 1) is None
    assert vault.get(ASHA, WORK, "kite", 2) == ("AB1234", KITE)
