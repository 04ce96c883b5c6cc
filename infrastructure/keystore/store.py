"""What a key store does, whichever of them it is.

Deleting a key there makes every copy of what it encrypted unreadable, wherever that copy is. No
store can list its keys, on purpose: several installations may share one, and a key that one of
them does not know belongs to another. Each installation writes the names of its keys down in its
own tables before it makes them.
"""

import re
from typing import Final, Protocol

from domain.errors import KeyStoreUnavailable

KEY_BYTES: Final = 32
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,100}")


class KeyStore(Protocol):
    """Keys of 32 random bytes by name, shared by every instance of one installation.

    Every method raises `KeyStoreUnavailable` when the store does not answer or does not let us in,
    and `ValueError` for a name that is not one plain word.
    """

    @property
    def where(self) -> str:
        """Which store this is, in words for the operator; never a secret."""
        ...

    def get(self, name: str) -> bytes | None:
        """The key, or `None` when there is none (any more)."""
        ...

    def get_or_create(self, name: str) -> bytes:
        """The key of this name; a new random one if nobody has made it yet. Instances that ask
        at once get the same one."""
        ...

    def delete(self, name: str) -> None:
        """Destroy the key and all that the store kept of it. Deleting what is not there is fine."""
        ...


def checked_name(name: str) -> str:
    """Raises:
    ValueError: a path, a blank or anything else that a store could take for more than a name.
    """
    if not _NAME.fullmatch(name):
        raise ValueError("a key name has lower-case letters, digits and hyphens")
    return name


def whole(name: str, key: bytes) -> bytes:
    """The key, if it is one.

    Raises:
        KeyStoreUnavailable: what is stored has another length, so somebody else wrote it.
    """
    if len(key) != KEY_BYTES:
        raise KeyStoreUnavailable(
            f"What is stored as key {name} is no key of {KEY_BYTES} bytes. Next: restore it from "
            "a backup of the keys."
        )
    return key
