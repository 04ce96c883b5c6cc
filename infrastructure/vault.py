"""Broker logins, encrypted in their own table; the key of each one only in the key store."""

import base64
import hashlib
import hmac
import os
from typing import Final
from uuid import UUID, uuid4

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Engine, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from application.ports.broker import Secrets
from domain.vocabulary import BrokerName
from infrastructure.keys import KeyFiles
from infrastructure.store.engines import reading
from infrastructure.store.refusals import store_errors
from infrastructure.store.schema import vault

NONCE_BYTES: Final = 12


class SealedVault:
    """AES-256-GCM. The additional data binds a ciphertext to its principal, session, broker,
    version and key, so that no row can be put in another's place."""

    def __init__(self, engine: Engine, keys: KeyFiles) -> None:
        self._engine = engine
        self._keys = keys

    def put(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName,
        account_id: str,
        secrets: Secrets,
    ) -> int:
        key_id = f"login-{uuid4().hex}"
        key = self._keys.get_or_create(key_id)
        plain = msgspec.json.encode([account_id, dict(secrets)])
        while True:
            try:
                return self._insert(principal, session_id, broker, key_id, key, plain)
            except IntegrityError:  # another login of this session took the version: count again
                continue

    def _insert(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName,
        key_id: str,
        key: bytes,
        plain: bytes,
    ) -> int:
        mine = and_(vault.c.session_id == session_id, vault.c.broker == broker)
        with store_errors(), self._engine.begin() as connection:
            newest = connection.execute(select(func.max(vault.c.version)).where(mine)).scalar()
            version = (newest or 0) + 1
            connection.execute(
                insert(vault).values(
                    session_id=session_id,
                    broker=broker,
                    version=version,
                    principal=principal,
                    key_id=key_id,
                    ciphertext=_encrypt(
                        key, plain, _bound("login", principal, session_id, broker, version, key_id)
                    ),
                    deleted=False,
                )
            )
        return version

    def get(
        self, principal: UUID, session_id: UUID, broker: BrokerName, version: int
    ) -> tuple[str, Secrets] | None:
        with store_errors(), reading(self._engine) as connection:
            row = connection.execute(
                select(vault.c.key_id, vault.c.ciphertext).where(
                    vault.c.principal == principal,
                    vault.c.session_id == session_id,
                    vault.c.broker == broker,
                    vault.c.version == version,
                    vault.c.deleted.is_(False),
                )
            ).first()
        key = self._keys.get(row.key_id) if row else None
        if row is None or key is None:
            return None
        bound = _bound("login", principal, session_id, broker, version, row.key_id)
        plain = _decrypt(key, row.ciphertext, bound)
        if plain is None:
            return None
        account_id, values = msgspec.json.decode(plain, type=tuple[str, dict[str, str]])
        return account_id, Secrets(values)

    def forget(self, principal: UUID, session_id: UUID, broker: BrokerName | None = None) -> None:
        """The key first: whatever happens next, the ciphertext is dead."""
        mine = and_(
            vault.c.principal == principal,
            vault.c.session_id == session_id,
            vault.c.deleted.is_(False),
        )
        if broker is not None:
            mine = and_(mine, vault.c.broker == broker)
        with store_errors():
            with reading(self._engine) as connection:
                held = connection.execute(select(vault.c.key_id).where(mine)).scalars().all()
            for key_id in held:
                self._keys.delete(key_id)
            if held:
                with self._engine.begin() as connection:
                    connection.execute(
                        update(vault)
                        .where(vault.c.key_id.in_(held))
                        .values(deleted=True, ciphertext=None)
                    )

    def seal(self, principal: UUID, text: str) -> str:
        key = self._keys.get_or_create(f"principal-{principal.hex}")
        sealed = _encrypt(key, text.encode(), _bound("sealed", principal))
        return base64.urlsafe_b64encode(sealed).decode()

    def unseal(self, principal: UUID, sealed: str) -> str | None:
        key = self._keys.get(f"principal-{principal.hex}")
        if key is None:
            return None
        plain = _decrypt(key, base64.urlsafe_b64decode(sealed), _bound("sealed", principal))
        return None if plain is None else plain.decode()

    def account_fingerprint(self, broker: BrokerName, account_id: str) -> str:
        key = self._keys.get_or_create("account-fingerprint")
        return _mac(key, "account", broker, account_id).hex()[:32]

    def broker_tag(self, principal: UUID, account_fingerprint: str, order_key: str) -> str:
        """Eleven characters that name the order, and eight that prove, per account, that we did."""
        key = self._keys.get_or_create("order-id")
        name = "u" + _base32(_mac(key, "order", principal.hex, account_fingerprint, order_key), 11)
        return name + _base32(_mac(key, "proof", account_fingerprint, name), 8)


def _bound(*parts: object) -> bytes:
    return "|".join(str(p) for p in parts).encode()


def _encrypt(key: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def _decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes | None:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound)
    except InvalidTag:
        return None


def _mac(key: bytes, *parts: str) -> bytes:
    return hmac.digest(key, "\0".join(parts).encode(), hashlib.sha256)


def _base32(digest: bytes, characters: int) -> str:
    return base64.b32encode(digest).decode().lower()[:characters]
