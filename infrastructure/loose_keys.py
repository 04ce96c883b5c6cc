"""Login keys that no row of the vault names: those being made, and those to be destroyed.

A key's name is in a table before the key exists and until it is destroyed, so a crash between any
two steps loses sight of none. Whoever cleans up dooms a name first; whoever takes a key into use
does it only if the name is not doomed. Both are one statement of the database, so a clean-up never
destroys a key that is in use, however slowly somebody else makes it.
"""

from uuid import uuid4

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from infrastructure.keystore.store import KeyStore
from infrastructure.store.engines import reading
from infrastructure.store.refusals import store_errors
from infrastructure.store.schema import loose_keys


class KeyTaken(Exception):
    """A clean-up took the key for one that a crash left. It is gone; make another."""


class LooseKeys:
    """The table's only reader and writer."""

    def __init__(self, engine: Engine, keys: KeyStore) -> None:
        self._engine = engine
        self._keys = keys

    def make(self) -> tuple[str, bytes]:
        """A new key under a new name: first the name is written down, then the key is made."""
        key_id = f"login-{uuid4().hex}"
        with store_errors(), self._engine.begin() as connection:
            connection.execute(insert(loose_keys).values(key_id=key_id, doomed=False))
        return key_id, self._keys.get_or_create(key_id)

    def adopt(self, connection: Connection, key_id: str) -> None:
        """In the transaction that puts the key into use: it is loose no more.

        Raises:
            KeyTaken: see there; the transaction must be rolled back.
        """
        mine = (loose_keys.c.key_id == key_id) & loose_keys.c.doomed.is_(False)
        if not connection.execute(delete(loose_keys).where(mine)).rowcount:
            raise KeyTaken

    def doom(self, connection: Connection, key_id: str) -> None:
        """In the transaction that takes the key out of use: it is to be destroyed."""
        connection.execute(insert(loose_keys).values(key_id=key_id, doomed=True))

    def destroy(self, key_id: str) -> None:
        """Destroy a key of the list, unless it has come into use since the list was read."""
        this = loose_keys.c.key_id == key_id
        with store_errors():
            with self._engine.begin() as connection:
                claimed = connection.execute(update(loose_keys).where(this).values(doomed=True))
            if claimed.rowcount:
                self.discard(key_id)

    def discard(self, key_id: str) -> None:
        """Destroy a key that certainly is in nobody's use, and take its name off the list."""
        self._keys.delete(key_id)
        with store_errors(), self._engine.begin() as connection:
            connection.execute(delete(loose_keys).where(loose_keys.c.key_id == key_id))

    def destroy_all(self) -> int:
        """Destroy every key on the list; say how many. Others that are just making one notice."""
        with store_errors(), reading(self._engine) as connection:
            listed = connection.execute(select(loose_keys.c.key_id)).scalars().all()
        for key_id in listed:
            self.destroy(key_id)
        return len(listed)

    def count(self) -> int:
        with store_errors(), reading(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(loose_keys)).scalar_one()
