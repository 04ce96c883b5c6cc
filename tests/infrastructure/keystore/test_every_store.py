"""What every key store does: files, the OS keyring, and a real OpenBao over HTTP.

The keyring's backend here is keyrings.alt's, which keeps its entries in a file.
"""

import pytest

from infrastructure.keystore.store import KEY_BYTES
from tests.support.key_stores import make_keys
from tests.support.processes import in_processes


def test_a_key_is_made_once_and_kept(keys, place):
    made = keys.get_or_create("order-id")

    assert len(made) == KEY_BYTES == 32
    assert keys.get_or_create("order-id") == made
    assert place.open().get("order-id") == made


def test_each_name_has_a_key_of_its_own(keys):
    assert keys.get_or_create("login-1") != keys.get_or_create("login-2")


def test_a_key_that_nobody_made_is_not_there(keys):
    assert keys.get("login-1") is None


def test_a_deleted_key_is_gone_for_everybody_and_the_others_stay(keys, place):
    keys.get_or_create("login-1")
    kept = keys.get_or_create("login-2")

    keys.delete("login-1")

    assert keys.get("login-1") is None
    assert place.open().get("login-1") is None
    assert keys.get("login-2") == kept


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


def test_processes_that_make_the_same_keys_at_once_agree_on_them(place):
    said = in_processes(make_keys, [(place, 50)] * 4)

    assert said[0] == said[1] == said[2] == said[3]
    assert len(set(said[0])) == 50
    keys = place.open()
    assert [keys.get(f"login-{number}") for number in range(50)] == said[0]


def test_what_it_says_about_itself_holds_no_secret(keys, place):
    made = keys.get_or_create("login-1")

    assert keys.where
    for shown in (keys.where, repr(keys), str(keys)):
        assert made.hex() not in shown
        assert not place.token or place.token not in shown
