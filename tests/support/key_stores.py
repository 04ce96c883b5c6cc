"""The key stores that tests use, in a form that child processes can open as well."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keyrings.alt.file import PlaintextKeyring

from infrastructure.keystore.files import KeyFiles
from infrastructure.keystore.hashicorp import VaultKeys
from infrastructure.keystore.os_keyring import KeyringKeys
from infrastructure.keystore.store import KeyStore
from tests.support.processes import Say


@dataclass(frozen=True)
class KeyPlace:
    """`directory`: for the files, or for the keyring's own file. `url`, `token`: a Vault's."""

    kind: Literal["files", "keyring", "vault"]
    directory: Path
    url: str = ""
    token: str = ""
    prefix: str = "trading/keys"

    def open(self) -> KeyStore:
        if self.kind == "vault":
            return VaultKeys(self.url, lambda: self.token, mount="secret", prefix=self.prefix)
        if self.kind == "keyring":
            return KeyringKeys(self.directory / "keyring.lock", file_keyring(self.directory))
        return KeyFiles(self.directory)


def file_keyring(directory: Path) -> PlaintextKeyring:
    """A real backend of the `keyring` package that needs no desktop. Its entries are in one file
    that it writes as a whole, so processes that took no turns would lose each other's."""
    backend = PlaintextKeyring()
    backend.file_path = str(directory / "keyring.cfg")
    return backend


def make_keys(say: Say, place: KeyPlace, count: int) -> None:
    """In a child process: make sure of so many keys; say each."""
    keys = place.open()
    for number in range(count):
        say(keys.get_or_create(f"login-{number}"))
