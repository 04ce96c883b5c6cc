"""The key store: files that only their owner can read, and that are gone when they are deleted."""

import os
import stat

import pytest

from infrastructure.keys import KEY_BYTES, KeyFiles
from tests.support import key_jobs
from tests.support.processes import in_processes


def _mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_enter_the_directory_and_read_a_key(tmp_path, umask):
    before = os.umask(umask)
    try:
        keys = KeyFiles(tmp_path / "config" / "keys")
        keys.get_or_create("order-id")
    finally:
        os.umask(before)

    assert _mode(keys.directory) == 0o700
    assert [(f.name, _mode(f)) for f in keys.directory.iterdir()] == [("order-id.key", 0o600)]


def test_a_key_is_made_once_and_kept(keys):
    made = keys.get_or_create("order-id")

    assert len(made) == KEY_BYTES == 32
    assert keys.get_or_create("order-id") == made
    assert KeyFiles(keys.directory).get("order-id") == made


def test_each_name_has_a_key_of_its_own(keys):
    assert keys.get_or_create("login-1") != keys.get_or_create("login-2")


def test_a_key_that_nobody_made_is_not_there(keys):
    assert keys.get("login-1") is None


def test_a_deleted_key_is_gone_and_its_file_was_overwritten(keys):
    made = keys.get_or_create("login-1")
    held_open = (keys.directory / "login-1.key").open("rb")

    keys.delete("login-1")

    assert keys.get("login-1") is None
    assert list(keys.directory.iterdir()) == []
    with held_open:
        assert held_open.read() != made


def test_deleting_what_is_not_there_is_fine(keys):
    keys.delete("login-1")
    keys.delete("login-1")


def test_a_name_comes_back_with_another_key(keys):
    made = keys.get_or_create("login-1")
    keys.delete("login-1")

    assert keys.get_or_create("login-1") != made


@pytest.mark.parametrize("name", ["", "../login", "a/b", "Login", ".hidden", "a\0b", "a" * 102])
def test_a_name_that_is_not_one_plain_word_is_an_error(keys, name):
    for method in (keys.get, keys.get_or_create, keys.delete):
        with pytest.raises(ValueError, match="key name"):
            method(name)


def test_processes_that_make_the_same_key_at_once_agree_on_it(tmp_path):
    said = in_processes(key_jobs.make_keys, [(tmp_path / "keys", 50)] * 4)

    assert said[0] == said[1] == said[2] == said[3]
    assert len(set(said[0])) == 50
    assert len(list((tmp_path / "keys").iterdir())) == 50
