"""Key files: only their owner can read them, and they are gone when they are deleted."""

import os
import stat

import pytest

from domain.errors import KeyStoreUnavailable
from infrastructure.keystore.files import KeyFiles


@pytest.fixture
def keys(tmp_path) -> KeyFiles:
    return KeyFiles(tmp_path / "keys")


def _mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_enter_the_directory_and_read_a_key(keys, umask):
    before = os.umask(umask)
    try:
        keys.get_or_create("order-id")
    finally:
        os.umask(before)

    assert _mode(keys.directory) == 0o700
    assert [(f.name, _mode(f)) for f in keys.directory.iterdir()] == [("order-id.key", 0o600)]


def test_looking_for_keys_makes_no_directory(keys):
    assert keys.get("order-id") is None
    keys.delete("order-id")

    assert not keys.directory.exists()


def test_a_deleted_key_has_no_file_and_its_bytes_were_overwritten(keys):
    made = keys.get_or_create("login-1")
    held_open = (keys.directory / "login-1.key").open("rb")

    keys.delete("login-1")

    assert list(keys.directory.iterdir()) == []
    with held_open:
        assert held_open.read() != made


def test_a_draft_that_a_crash_left_linked_dies_with_its_key(keys):
    made = keys.get_or_create("login-1")
    draft = keys.directory / "draft-0123456789abcdef.key"
    os.link(keys.directory / "login-1.key", draft)

    keys.delete("login-1")

    assert draft.read_bytes() != made


@pytest.mark.parametrize("empty_one_in_its_place", [False, True])
def test_a_directory_that_goes_away_is_not_taken_for_destroyed_keys(
    keys, tmp_path, empty_one_in_its_place
):
    made = keys.get_or_create("login-1")
    assert keys.get("login-1") == made
    away = keys.directory.rename(tmp_path / "unmounted")
    if empty_one_in_its_place:
        keys.directory.mkdir()

    for method in (keys.get, keys.get_or_create, keys.delete):
        with pytest.raises(KeyStoreUnavailable, match="puts it back"):
            method("login-1")

    assert keys.directory.exists() is empty_one_in_its_place
    if empty_one_in_its_place:
        keys.directory.rmdir()
    away.rename(keys.directory)
    assert keys.get("login-1") == made


def test_a_file_that_is_no_key_is_refused_and_not_replaced(keys):
    keys.get_or_create("login-1")
    (keys.directory / "login-1.key").write_bytes(b"half")

    for method in (keys.get, keys.get_or_create):
        with pytest.raises(KeyStoreUnavailable, match="no key of 32 bytes"):
            method("login-1")


def test_a_directory_that_cannot_be_one_is_said_to_be_so(tmp_path):
    (tmp_path / "keys").write_text("a file is in the way")

    with pytest.raises(KeyStoreUnavailable, match="doctor"):
        KeyFiles(tmp_path / "keys").get_or_create("order-id")
