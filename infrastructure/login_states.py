"""Logins under way, in the control tables; see `application.ports.login_states`.

Of a link and of a browser's cookie there is only a hash here, and of credentials a ciphertext whose
key is in the key store, under a name that the row decides, so that no key is without its row.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Engine, Row, and_, delete, insert, select, update

from application.ports.broker import Secrets
from application.ports.login_states import LINK_LIFE, TRIES, LoginState, Stage
from application.ports.vault import Vault
from domain.instants import as_text, from_text
from domain.vocabulary import BrokerName
from infrastructure.ciphers import bound, decrypt, encrypt
from infrastructure.keystore.store import KeyStore
from infrastructure.store.engines import reading
from infrastructure.store.refusals import store_errors
from infrastructure.store.schema import broker_apps, login_states, principals

CODE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Nobody takes one of them for another."""
CODE_LENGTH: Final = 8
MOST_OPEN_LINKS: Final = 50
"""Per person and broker: every refusal for lack of a login makes a new one, while somebody fills in
the page of an older one."""


class StoredLoginStates:
    """See `application.ports.login_states.LoginStates`."""

    def __init__(self, engine: Engine, keys: KeyStore, vault: Vault) -> None:
        self._engine = engine
        self._keys = keys
        self._vault = vault

    def open(self, principal: UUID, session_id: UUID, broker: BrokerName, now: datetime) -> str:
        link = self.new_proof()
        row = {
            "login_id": secrets.token_hex(16),
            "link_hash": _hash(link),
            "principal": principal,
            "session_id": session_id,
            "broker": broker,
            "stage": "open",
            "tries_left": TRIES,
            "differs": False,
            "relink": False,
            "opened_at": as_text(now),
            "expires_at": as_text(now + LINK_LIFE),
        }
        unused = and_(
            login_states.c.principal == principal,
            login_states.c.broker == broker,
            login_states.c.stage == "open",
        )
        with store_errors(), self._engine.begin() as connection:
            older = connection.execute(
                select(login_states.c.login_id)
                .where(unused)
                .order_by(login_states.c.opened_at.desc())
                .offset(MOST_OPEN_LINKS - 1)
            ).scalars()
            gone = list(older)
            connection.execute(
                delete(login_states).where(unused, login_states.c.login_id.in_(gone))
            )
            connection.execute(insert(login_states).values(row))
        return link

    def new_proof(self) -> str:
        return secrets.token_urlsafe(32)

    def of_link(self, link: str, now: datetime) -> LoginState | None:
        found = self._select(login_states.c.link_hash == _hash(link), _alive(now))
        return found[0] if found else None

    def of_browser(self, login_id: str, proof: str, now: datetime) -> LoginState | None:
        mine = and_(
            login_states.c.login_id == login_id, login_states.c.browser_hash == _hash(proof)
        )
        found = self._select(mine, _alive(now))
        return found[0] if found else None

    def claim(self, login_id: str, now: datetime) -> str | None:
        proof = self.new_proof()
        is_open = and_(login_states.c.stage == "open", _alive(now))
        moved = self._update(
            login_id,
            is_open,
            stage="claimed",
            browser_hash=_hash(proof),
            expires_at=as_text(now + LINK_LIFE),
        )
        return proof if moved else None

    def renew(self, login_id: str, proof: str) -> str | None:
        fresh = self.new_proof()
        is_theirs = login_states.c.browser_hash == _hash(proof)
        return fresh if self._update(login_id, is_theirs, browser_hash=_hash(fresh)) else None

    def move(
        self,
        login_id: str,
        before: Stage,
        after: Stage,
        now: datetime,
        *,
        differs: bool | None = None,
        relink: bool | None = None,
    ) -> bool:
        flags = {"differs": differs, "relink": relink}
        return self._update(
            login_id,
            and_(login_states.c.stage == before, _alive(now)),
            stage=after,
            expires_at=as_text(now + LINK_LIFE),
            **{name: flag for name, flag in flags.items() if flag is not None},
        )

    def keep(self, login_id: str, values: Mapping[str, str]) -> None:
        key = self._keys.get_or_create(_key_name(login_id))
        sealed = encrypt(key, msgspec.json.encode(dict(values)), bound("connect", login_id))
        if not self._update(login_id, login_states.c.stage != "finished", sealed=sealed):
            self._keys.delete(_key_name(login_id))  # it was thrown away just now

    def kept(self, login_id: str) -> Secrets | None:
        with store_errors(), reading(self._engine) as connection:
            sealed = connection.execute(
                select(login_states.c.sealed).where(login_states.c.login_id == login_id)
            ).scalar()
        key = self._keys.get(_key_name(login_id))
        if sealed is None or key is None:
            return None
        plain = decrypt(key, sealed, bound("connect", login_id))
        return None if plain is None else Secrets(msgspec.json.decode(plain, type=dict[str, str]))

    def code(self, login_id: str) -> str | None:
        key = self._keys.get(_key_name(login_id))
        if key is None:
            return None
        number = int.from_bytes(hmac.digest(key, b"confirmation code", hashlib.sha256))
        letters = ""
        for _ in range(CODE_LENGTH):
            number, place = divmod(number, len(CODE_LETTERS))
            letters += CODE_LETTERS[place]
        return letters

    def is_code(self, login_id: str, typed: str) -> bool:
        given = "".join(c for c in typed.upper() if c.isalnum())
        code = self.code(login_id)
        return code is not None and hmac.compare_digest(code.encode(), given.encode())

    def miss(self, login_id: str) -> int:
        with store_errors(), self._engine.begin() as connection:
            left = connection.execute(
                update(login_states)
                .where(login_states.c.login_id == login_id)
                .values(tries_left=login_states.c.tries_left - 1)
                .returning(login_states.c.tries_left)
            ).scalar()
        return max(0, left or 0)

    def give_tries(self, login_id: str) -> None:
        self._update(login_id, login_states.c.stage != "finished", tries_left=TRIES)

    def waiting(
        self, principal: UUID, session_id: UUID, broker: BrokerName, now: datetime
    ) -> Sequence[LoginState]:
        return self._select(
            login_states.c.principal == principal,
            login_states.c.session_id == session_id,
            login_states.c.broker == broker,
            login_states.c.stage == "waiting",
            _alive(now),
        )

    def under_way(self, principal: UUID, session_id: UUID) -> Sequence[LoginState]:
        return self._select(
            login_states.c.principal == principal, login_states.c.session_id == session_id
        )

    def empty(self, login_id: str) -> None:
        self._keys.delete(_key_name(login_id))
        with store_errors(), self._engine.begin() as connection:
            connection.execute(
                update(login_states).where(login_states.c.login_id == login_id).values(sealed=None)
            )

    def drop(self, login_id: str) -> None:
        self._keys.delete(_key_name(login_id))
        with store_errors(), self._engine.begin() as connection:
            connection.execute(delete(login_states).where(login_states.c.login_id == login_id))

    def expired(self, now: datetime) -> Sequence[LoginState]:
        return self._select(~_alive(now))

    def remember_app(self, principal: UUID, broker: BrokerName, values: Secrets) -> None:
        text = msgspec.json.encode({"app": broker, "values": dict(values)}).decode()
        sealed = self._vault.seal(principal, text)
        mine = and_(broker_apps.c.principal == principal, broker_apps.c.broker == broker)
        with store_errors(), self._engine.begin() as connection:
            connection.execute(delete(broker_apps).where(mine))
            connection.execute(
                insert(broker_apps).values(principal=principal, broker=broker, sealed=sealed)
            )

    def remembered_app(self, principal: UUID, broker: BrokerName) -> Secrets | None:
        mine = and_(broker_apps.c.principal == principal, broker_apps.c.broker == broker)
        with store_errors(), reading(self._engine) as connection:
            sealed = connection.execute(select(broker_apps.c.sealed).where(mine)).scalar()
        text = self._vault.unseal(principal, sealed) if sealed else None
        if text is None:
            return None
        kept = msgspec.json.decode(text, type=_KeptApp)
        return Secrets(kept.values) if kept.app == broker else None

    def forget_app(self, principal: UUID, broker: BrokerName) -> None:
        mine = and_(broker_apps.c.principal == principal, broker_apps.c.broker == broker)
        with store_errors(), self._engine.begin() as connection:
            connection.execute(delete(broker_apps).where(mine))

    def _select(self, *where: ColumnElement[bool]) -> list[LoginState]:
        with store_errors(), reading(self._engine) as connection:
            rows = connection.execute(
                select(login_states, principals.c.subject)
                .join(principals, principals.c.principal == login_states.c.principal)
                .where(*where)
                .order_by(login_states.c.opened_at)
            ).all()
        return [_state(row) for row in rows]

    # Any: a column's new value.
    def _update(self, login_id: str, where: ColumnElement[bool], **values: Any) -> bool:
        with store_errors(), self._engine.begin() as connection:
            changed = connection.execute(
                update(login_states)
                .where(login_states.c.login_id == login_id, where)
                .values(values)
            )
        return changed.rowcount == 1


class _KeptApp(msgspec.Struct):
    app: str
    values: dict[str, str]


def _state(row: Row[Any]) -> LoginState:  # Any: SQLAlchemy's rows know no columns
    return LoginState(
        login_id=row.login_id,
        principal=row.principal,
        person=row.subject,
        session_id=row.session_id,
        broker=row.broker,
        stage=row.stage,
        differs=row.differs,
        relink=row.relink,
        expires_at=from_text(row.expires_at),
    )


def _alive(now: datetime) -> ColumnElement[bool]:
    return login_states.c.expires_at > as_text(now)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key_name(login_id: str) -> str:
    return f"connect-{login_id}"
