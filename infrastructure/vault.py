"""Broker logins, encrypted in their own table; the key of each one only in the key store."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Engine, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from application.ports.broker import Secrets
from application.ports.vault import HeldLogin
from domain.instants import as_text, from_text
from domain.vocabulary import BrokerName
from infrastructure.ciphers import bound, decrypt, encrypt
from infrastructure.keystore.store import KeyStore
from infrastructure.loose_keys import KeyTaken, LooseKeys
from infrastructure.sealing import Sealing
from infrastructure.store.engines import reading
from infrastructure.store.refusals import store_errors
from infrastructure.store.schema import vault

Rotation = Literal["rotated", "gone", "unreadable"]


class VaultStatus(NamedTuple):
    """`unreadable`: logins whose key is not in the key store. `loose_keys`: keys that no login
    uses; but for one that is being made right now, a crash left them for the next start to
    destroy."""

    live: int
    retired: int
    keys: int
    unreadable: int
    loose_keys: int


class _Moved(Exception):
    """Somebody else forgot the login or rotated its key first."""


class SealedVault(Sealing):
    """AES-256-GCM. The additional data binds a ciphertext to its principal, session, broker,
    version and key, so that no row can be put in another's place.

    No key of a login is kept in memory beyond one call.
    """

    def __init__(self, engine: Engine, keys: KeyStore) -> None:
        super().__init__(keys)
        self._engine = engine
        self._loose = LooseKeys(engine, keys)

    def put(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName,
        account_id: str,
        secrets: Secrets,
        forget_by: datetime | None = None,
    ) -> int:
        plain = msgspec.json.encode([account_id, dict(secrets)])
        key_id, key = self._loose.make()
        while True:
            row = {
                "session_id": session_id,
                "broker": broker,
                "principal": principal,
                "key_id": key_id,
                "deleted": False,
                "forget_by": as_text(forget_by) if forget_by else None,
                "retired": False,
            }
            try:
                return self._insert(row, key, plain)
            except IntegrityError:  # another login of this session took the version: count again
                continue
            except KeyTaken:
                self._loose.discard(key_id)
                key_id, key = self._loose.make()

    def _insert(self, row: dict[str, Any], key: bytes, plain: bytes) -> int:
        """`Any`: columns of the table."""
        mine = and_(vault.c.session_id == row["session_id"], vault.c.broker == row["broker"])
        with store_errors(), self._engine.begin() as connection:
            self._loose.adopt(connection, row["key_id"])
            newest = connection.execute(select(func.max(vault.c.version)).where(mine)).scalar()
            version: int = (newest or 0) + 1
            sealed = encrypt(key, plain, _place({**row, "version": version}))
            connection.execute(insert(vault).values(**row, version=version, ciphertext=sealed))
        return version

    def get(
        self, principal: UUID, session_id: UUID, broker: BrokerName, version: int
    ) -> tuple[str, Secrets] | None:
        mine = _held(principal, session_id, broker, version)
        return self._open(and_(mine, vault.c.retired.is_(False)))

    def get_to_settle(
        self, principal: UUID, session_id: UUID, broker: BrokerName, version: int
    ) -> tuple[str, Secrets] | None:
        return self._open(_held(principal, session_id, broker, version))

    def _open(self, this: ColumnElement[bool]) -> tuple[str, Secrets] | None:
        found = self._decrypt(this)
        if found is None or found.plain is None:
            return None
        account_id, values = msgspec.json.decode(found.plain, type=tuple[str, dict[str, str]])
        return account_id, Secrets(values)

    def _decrypt(self, this: ColumnElement[bool]) -> "_Found | None":
        """Read again as long as the row changes: its key may have been rotated in between."""
        before = None
        while True:
            with store_errors(), reading(self._engine) as connection:
                row = connection.execute(select(vault).where(this)).mappings().first()
            if row is None:
                return None
            key = self._keys.get(row["key_id"])
            plain = decrypt(key, row["ciphertext"], _place(dict(row))) if key else None
            if plain is not None or row["key_id"] == before:
                return _Found(dict(row), plain)
            before = row["key_id"]

    def retire(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName,
        version: int,
        forget_by: datetime,
    ) -> None:
        with store_errors(), self._engine.begin() as connection:
            connection.execute(
                update(vault)
                .where(_held(principal, session_id, broker, version))
                .values(
                    retired=True, forget_by=func.coalesce(vault.c.forget_by, as_text(forget_by))
                )
            )

    def forget(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName | None = None,
        version: int | None = None,
    ) -> None:
        """The key first: whatever happens next, the ciphertext is dead. Again until nothing is
        left, because a rotation may have put a new key in the old one's place."""
        mine = _held(principal, session_id, broker, version)
        while True:
            with store_errors(), reading(self._engine) as connection:
                held = connection.execute(select(vault.c.key_id).where(mine)).scalars().all()
            if not held:
                return
            for key_id in held:
                self._keys.delete(key_id)
            with store_errors(), self._engine.begin() as connection:
                connection.execute(
                    update(vault)
                    .where(mine, vault.c.key_id.in_(held))
                    .values(deleted=True, ciphertext=None)
                )

    def held(self, principal: UUID, session_id: UUID) -> Sequence[HeldLogin]:
        return self._list(_held(principal, session_id))

    def held_by_all(self) -> Sequence[HeldLogin]:
        return self._list(vault.c.deleted.is_(False))

    def _list(self, mine: ColumnElement[bool]) -> list[HeldLogin]:
        with store_errors(), reading(self._engine) as connection:
            rows = connection.execute(
                select(vault).where(mine).order_by(vault.c.session_id, vault.c.version)
            ).all()
        return [
            HeldLogin(
                r.principal,
                r.session_id,
                r.broker,
                r.version,
                r.retired,
                from_text(r.forget_by) if r.forget_by else None,
            )
            for r in rows
        ]

    def rotate(self, login: HeldLogin) -> Rotation:
        """Encrypt a login again under a new key and destroy the old one.

        It can be read at every moment: the new key is there before the row names it, and the old
        one until it does not any more. A crash leaves at most a loose key.
        """
        this = _held(login.principal, login.session_id, login.broker, login.version)
        while True:
            found = self._decrypt(this)
            if found is None:
                return "gone"
            if found.plain is None:
                return "unreadable"
            key_id, key = self._loose.make()
            try:
                self._replace(this, found, key_id, key)
            except (KeyTaken, _Moved):
                self._loose.discard(key_id)
                continue
            self._loose.destroy(found.row["key_id"])
            return "rotated"

    def _replace(self, this: ColumnElement[bool], found: "_Found", key_id: str, key: bytes) -> None:
        row, plain = found.row, found.plain
        assert plain is not None
        sealed = encrypt(key, plain, _place({**row, "key_id": key_id}))
        with store_errors(), self._engine.begin() as connection:
            self._loose.adopt(connection, key_id)
            same = update(vault).where(this, vault.c.key_id == row["key_id"])
            if not connection.execute(same.values(key_id=key_id, ciphertext=sealed)).rowcount:
                raise _Moved
            self._loose.doom(connection, row["key_id"])

    def destroy_loose_keys(self) -> int:
        """Destroy the keys that no login uses; say how many there were."""
        return self._loose.destroy_all()

    def status(self) -> VaultStatus:
        """Count logins and keys, asking the key store for each."""
        with store_errors(), reading(self._engine) as connection:
            rows = connection.execute(
                select(vault.c.key_id, vault.c.retired).where(vault.c.deleted.is_(False))
            ).all()
        keys = sum(self._keys.get(row.key_id) is not None for row in rows)
        retired = sum(row.retired for row in rows)
        return VaultStatus(
            len(rows) - retired, retired, keys, len(rows) - keys, self._loose.count()
        )


class _Found(NamedTuple):
    row: dict[str, Any]  # columns of the table
    plain: bytes | None


def _held(
    principal: UUID,
    session_id: UUID,
    broker: BrokerName | None = None,
    version: int | None = None,
) -> ColumnElement[bool]:
    """Rows that still hold a login: of a session, of one broker, or the one."""
    wanted = [
        vault.c.principal == principal,
        vault.c.session_id == session_id,
        vault.c.deleted.is_(False),
    ]
    if broker is not None:
        wanted.append(vault.c.broker == broker)
    if version is not None:
        wanted.append(vault.c.version == version)
    return and_(*wanted)


def _place(row: Mapping[str, Any]) -> bytes:
    """What a row's ciphertext is bound to. `Any`: columns of the table."""
    names = ("principal", "session_id", "broker", "version", "key_id")
    return bound("login", *(row[name] for name in names))
