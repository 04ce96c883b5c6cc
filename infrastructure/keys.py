"""The key store: files that only their owner can read, apart from the data and its backups.

Deleting a key here makes every copy of what it encrypted unreadable, wherever that copy is.
"""

import os
import re
import secrets
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,100}")


class KeyFiles:
    """One file per key in one directory (0700, files 0600), shared by the instances."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def get(self, name: str) -> bytes | None:
        """The key, or `None` when there is none (any more)."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def get_or_create(self, name: str) -> bytes:
        """The key of this name; a new random one if nobody has made it yet."""
        found = self.get(name)
        if found is not None:
            return found
        draft = self._path(f"draft-{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, self._path(name))  # whoever is first wins, and nobody reads half a key
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        self._sync_directory()
        found = self.get(name)
        assert found is not None
        return found

    def delete(self, name: str) -> None:
        """Overwrite and remove. Deleting what is not there is fine."""
        path = self._path(name)
        try:
            with path.open("r+b") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
        except FileNotFoundError:
            return
        self._sync_directory()

    def _sync_directory(self) -> None:
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("a key name has lower-case letters, digits and hyphens")
        return self.directory / f"{name}.key"
