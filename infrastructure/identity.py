"""Who is who: opaque principals for (issuer, subject), and the bearer tokens of HTTP users."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Engine, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from application.ports.clock import Clock
from domain.instants import as_text, from_text
from infrastructure.store.engines import reading
from infrastructure.store.refusals import store_errors
from infrastructure.store.schema import principals, tokens

LOCAL_ISSUER: Final = "local"
SCOPES: Final = ("read", "trade", "audit", "admin")
IMPLIED: Final = {"trade": {"read"}, "admin": {"audit"}}


@dataclass(frozen=True)
class Identity:
    """A verified caller. `principal` is what events know; the rest never leaves this layer."""

    principal: UUID
    issuer: str
    subject: str
    scopes: frozenset[str]
    expires_at: datetime | None = None


@dataclass(frozen=True)
class User:
    """A line of `users list`. `token` is the first eight digits of its hash."""

    principal: UUID
    name: str
    token: str | None
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class IdentityDirectory:
    """Control tables `principals` and `tokens`. Only the hash of a token is ever stored."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def principal(self, issuer: str, subject: str) -> UUID:
        """The opaque id of this person; a new random one the first time."""
        while True:
            found = self._find(issuer, subject)
            if found is not None:
                return found
            try:
                with store_errors(), self._engine.begin() as connection:
                    principal = uuid4()
                    connection.execute(
                        insert(principals).values(
                            principal=principal,
                            issuer=issuer,
                            subject=subject,
                            created_at=as_text(self._clock.now()),
                        )
                    )
                    return principal
            except IntegrityError:  # another process was first
                continue

    def known(self, subject: str, issuer: str = LOCAL_ISSUER) -> UUID | None:
        """The principal of a person who has been here before."""
        return self._find(issuer, subject)

    def _find(self, issuer: str, subject: str) -> UUID | None:
        with store_errors(), reading(self._engine) as connection:
            return connection.execute(
                select(principals.c.principal).where(
                    principals.c.issuer == issuer, principals.c.subject == subject
                )
            ).scalar()

    def add_token(
        self, name: str, scopes: Sequence[str], expires_at: datetime | None = None
    ) -> str:
        """Make a token for this user and answer with it, once; only its hash is kept."""
        principal = self.principal(LOCAL_ISSUER, name)
        token = f"ts_{secrets.token_urlsafe(32)}"
        with store_errors(), self._engine.begin() as connection:
            connection.execute(
                insert(tokens).values(
                    token_hash=token_hash(token),
                    principal=principal,
                    scopes=" ".join(scopes),
                    created_at=as_text(self._clock.now()),
                    expires_at=as_text(expires_at) if expires_at else None,
                )
            )
        return token

    def verify(self, token: str) -> Identity | None:
        """The caller behind a token; `None` when it is unknown, expired or revoked.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        return self.verify_hash(token_hash(token))

    def verify_hash(self, hashed: str) -> Identity | None:
        """The same for whoever proved earlier that they have the token.

        Raises:
            StoreUnavailable: it cannot be looked up now.
        """
        with store_errors(), reading(self._engine) as connection:
            row = connection.execute(_VERIFY, {"token_hash": hashed}).first()
        if row is None or row.revoked_at is not None:
            return None
        expires_at = from_text(row.expires_at) if row.expires_at else None
        if expires_at is not None and self._clock.now() >= expires_at:
            return None
        granted = set(row.scopes.split())
        for scope in tuple(granted):
            granted |= IMPLIED.get(scope, set())
        return Identity(row.principal, row.issuer, row.subject, frozenset(granted), expires_at)

    def revoke(self, name: str, token_prefix: str | None = None) -> int:
        """End this user's tokens (or the one whose hash begins so); say how many."""
        principal = self.known(name)
        if principal is None:
            return 0
        mine = (tokens.c.principal == principal) & tokens.c.revoked_at.is_(None)
        if token_prefix is not None:
            mine &= tokens.c.token_hash.startswith(token_prefix, autoescape=True)
        with store_errors(), self._engine.begin() as connection:
            ended = connection.execute(
                update(tokens).where(mine).values(revoked_at=as_text(self._clock.now()))
            )
            return ended.rowcount

    def users(self) -> list[User]:
        """Everyone who was ever seen, with every token."""
        with store_errors(), reading(self._engine) as connection:
            rows = connection.execute(
                select(
                    principals.c.principal,
                    principals.c.subject,
                    principals.c.created_at.label("since"),
                    tokens.c.token_hash,
                    tokens.c.scopes,
                    tokens.c.created_at,
                    tokens.c.expires_at,
                    tokens.c.revoked_at,
                )
                .join_from(
                    principals, tokens, tokens.c.principal == principals.c.principal, isouter=True
                )
                .order_by(principals.c.created_at, tokens.c.created_at)
            ).all()
        return [
            User(
                principal=r.principal,
                name=r.subject,
                token=r.token_hash[:8] if r.token_hash else None,
                scopes=tuple((r.scopes or "").split()),
                created_at=from_text(r.created_at or r.since),
                expires_at=from_text(r.expires_at) if r.expires_at else None,
                revoked_at=from_text(r.revoked_at) if r.revoked_at else None,
            )
            for r in rows
        ]

    def names(self) -> dict[UUID, str]:
        """Principal to name, for the operator's eyes only."""
        with store_errors(), reading(self._engine) as connection:
            rows = connection.execute(select(principals.c.principal, principals.c.subject)).all()
        return {r.principal: r.subject for r in rows}


_VERIFY: Final = (
    select(
        tokens.c.principal,
        tokens.c.scopes,
        tokens.c.expires_at,
        tokens.c.revoked_at,
        principals.c.issuer,
        principals.c.subject,
    )
    .join(principals, principals.c.principal == tokens.c.principal)
    .where(tokens.c.token_hash == bindparam("token_hash"))
)
