"""Keys in the keyring of the operating system, for one person's own machine.

The keyring knows neither "create unless it is there" nor two writers at once, so ours take turns.
Whether a deleted entry is gone from the medium is up to the keyring; what it stores is encrypted
with the person's own password, or by the operating system.
"""

import base64
import importlib
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Protocol, TypeVar, cast

from domain.errors import KeyStoreUnavailable
from infrastructure.keystore.store import KEY_BYTES, checked_name, whole

T = TypeVar("T")

SERVICE: Final = "unified-trading-server"
_PATIENCE_SECONDS: Final = 10


class Backend(Protocol):
    """As much of `keyring.backend.KeyringBackend` as is used here."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class KeyringKeys:
    """One entry per key, in base64, under the service `unified-trading-server`."""

    def __init__(self, lock_file: Path, backend: Backend | None = None) -> None:
        """`lock_file`: an empty database, made when it is needed, that gives processes turns.
        `backend`: the machine's own if left out.

        Raises:
            KeyStoreUnavailable: this machine has no keyring that protects anything.
        """
        self._lock_file = lock_file
        self._backend = backend or _keyring_of_this_machine()

    @property
    def where(self) -> str:
        kind = type(self._backend)
        return f"OS keyring ({kind.__module__}.{kind.__name__})"

    def get(self, name: str) -> bytes | None:
        checked_name(name)
        held = _asked(lambda: self._backend.get_password(SERVICE, name))
        return None if held is None else whole(name, base64.b64decode(held))

    def get_or_create(self, name: str) -> bytes:
        if found := self.get(name):
            return found
        with self._our_turn():
            if found := self.get(name):
                return found
            key = secrets.token_bytes(KEY_BYTES)
            entry = base64.b64encode(key).decode()
            _asked(lambda: self._backend.set_password(SERVICE, name, entry))
        return key

    def delete(self, name: str) -> None:
        with self._our_turn():
            if self.get(name) is not None:
                _asked(lambda: self._backend.delete_password(SERVICE, name))

    @contextmanager
    def _our_turn(self) -> Iterator[None]:
        """SQLite's lock is one that every platform has and that dies with its holder."""
        try:
            self._lock_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = sqlite3.connect(self._lock_file, timeout=_PATIENCE_SECONDS, isolation_level=None)
            with closing(lock):
                lock.execute("BEGIN EXCLUSIVE")
                yield
        except (OSError, sqlite3.Error) as e:
            raise _unavailable(type(e).__name__) from e


def _keyring_of_this_machine() -> Backend:
    """The keyring that the person chose (PYTHON_KEYRING_BACKEND or keyringrc.cfg), or the best one
    that encrypts; never a file in plain text that merely happens to be installed."""
    try:
        core = importlib.import_module("keyring.core")
        core.init_backend(limit=core.recommended)
        found = core.get_keyring()
    except (ImportError, AttributeError, RuntimeError) as e:
        raise _unavailable(type(e).__name__) from e
    if type(found).__module__ in ("keyring.backends.fail", "keyring.backends.null"):
        raise _unavailable("there is none")
    return cast(Backend, found)


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    except Exception as e:  # noqa: BLE001 - each backend raises errors of its own, DBus ones too
        trouble = type(e).__name__
    # Outside of the handler: a backend's error may hold what it could not store.
    raise _unavailable(trouble)


def _unavailable(why: str) -> KeyStoreUnavailable:
    return KeyStoreUnavailable(
        f"The OS keyring cannot be used ({why}). Next: unlock it, or choose another one with "
        "TRADING_KEY_STORE=files."
    )
