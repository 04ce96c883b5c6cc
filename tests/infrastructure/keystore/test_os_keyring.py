"""The OS keyring: used only where it protects something, and never in two ways at once."""

import keyring.core
import pytest
from keyring.backends import fail, null
from keyring.errors import KeyringLocked

from domain.errors import KeyStoreUnavailable
from infrastructure.keystore.os_keyring import SERVICE, KeyringKeys
from tests.support.key_stores import file_keyring


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine on which nobody has chosen a keyring, whatever this one has."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    return monkeypatch


def test_the_entry_is_text_under_our_service(tmp_path):
    backend = file_keyring(tmp_path)
    keys = KeyringKeys(tmp_path / "keyring.lock", backend)

    made = keys.get_or_create("login-1")

    held = backend.get_password(SERVICE, "login-1")
    assert held is not None
    assert len(held) == 44
    assert made.hex() not in (tmp_path / "keyring.cfg").read_text()


@pytest.mark.parametrize("useless", [fail.Keyring(), null.Keyring()], ids=["none", "disabled"])
def test_a_machine_without_a_keyring_is_refused_with_a_way_out(machine, tmp_path, useless):
    machine.setattr(keyring.backend, "get_all_keyring", lambda: [useless])

    with pytest.raises(KeyStoreUnavailable, match="TRADING_KEY_STORE=files"):
        KeyringKeys(tmp_path / "keyring.lock")


def test_a_file_in_plain_text_is_not_taken_merely_because_it_is_installed(machine, tmp_path):
    plain = file_keyring(tmp_path)
    machine.setattr(keyring.backend, "get_all_keyring", lambda: [plain, fail.Keyring()])

    with pytest.raises(KeyStoreUnavailable):
        KeyringKeys(tmp_path / "keyring.lock")


def test_the_keyring_that_the_person_chose_is_used(machine, tmp_path):
    machine.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")

    keys = KeyringKeys(tmp_path / "keyring.lock")

    assert keys.where == "OS keyring (keyrings.alt.file.PlaintextKeyring)"
    assert keys.get_or_create("login-1") == keys.get("login-1")


def test_a_keyring_that_is_locked_is_unavailable_and_tells_no_key(tmp_path):
    told = []

    class Locked:
        def get_password(self, service: str, username: str) -> str | None:
            return None

        def set_password(self, service: str, username: str, password: str) -> None:
            told.append(password)
            raise KeyringLocked(f"cannot store {password}")

        def delete_password(self, service: str, username: str) -> None:
            raise AssertionError("nothing to delete")

    with pytest.raises(KeyStoreUnavailable, match="KeyringLocked") as refusal:
        KeyringKeys(tmp_path / "keyring.lock", Locked()).get_or_create("login-1")

    assert told[0] not in str(refusal.value)
    assert refusal.value.__context__ is None
