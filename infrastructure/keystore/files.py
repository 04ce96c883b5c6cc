"""Keys in files that only their owner can read: one installation on one machine, or on a volume
that its instances share.

Deleting overwrites the file in place and unlinks it. After that nothing reads the key through the
file system any more. Whether the old bytes are gone from the medium is not ours to promise: an SSD
writes elsewhere and erases when it likes, a copy-on-write or journalling file system and a snapshot
keep what was there before. Whoever needs that much encrypts the volume and keeps the directory out
of backups and snapshots, or uses one of the other stores.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import KeyStoreUnavailable
from infrastructure.keystore.store import KEY_BYTES, checked_name, whole


class KeyFiles:
    """One file per key (0600) in one directory (0700), which is made with the first key.

    Once it was there, another one in its place, or none, is a store that is away: a volume that was
    unmounted must not pass for keys that were destroyed.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._seen: int | None = None

    @property
    def where(self) -> str:
        return f"files in {self.directory}"

    def get(self, name: str) -> bytes | None:
        path = self._path(name)
        with self._errors():
            try:
                return whole(name, path.read_bytes())
            except FileNotFoundError:
                return None

    def get_or_create(self, name: str) -> bytes:
        if found := self.get(name):
            return found
        with self._errors():
            self._create(self._path(name))
        found = self.get(name)
        assert found is not None
        return found

    def _create(self, path: Path) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._path(f"draft-{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # whoever is first wins, and nobody reads half a key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        self._sync_directory()

    def delete(self, name: str) -> None:
        path = self._path(name)
        with self._errors():
            try:
                # In place, so that a draft that a crash left linked to the same file dies, too.
                with path.open("r+b") as file:
                    file.write(secrets.token_bytes(KEY_BYTES))
                    file.flush()
                    os.fsync(file.fileno())
                path.unlink()
            except FileNotFoundError:
                return
            self._sync_directory()

    def _must_be_the_one_from_before(self) -> None:
        """By its inode: the device may change when a volume is mounted again.

        Raises:
            KeyStoreUnavailable: it is not.
        """
        try:
            found = self.directory.stat().st_ino
        except FileNotFoundError:
            found = None
        if self._seen not in (None, found):
            raise KeyStoreUnavailable(
                "The directory of the keys is gone or another one. Next: the operator puts it "
                "back or, if it was replaced on purpose, starts the server anew."
            )
        self._seen = found

    def _sync_directory(self) -> None:
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        return self.directory / f"{checked_name(name)}.key"

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            self._must_be_the_one_from_before()
            yield
        except OSError as e:
            raise KeyStoreUnavailable(
                f"The keys in {self.directory} cannot be used ({type(e).__name__}). Next: "
                "trading-server doctor."
            ) from e
