"""A vault without encryption, in which a test can look for what should or should not be there."""

import hashlib
from datetime import datetime
from uuid import UUID

from application.ports.broker import Secrets
from application.ports.vault import HeldLogin
from domain.vocabulary import BrokerName

Login = tuple[UUID, UUID, BrokerName, int]


class MemoryVault:
    """Versions rise per session and broker and are never given out twice, as in the real one."""

    def __init__(self) -> None:
        self._held: dict[Login, tuple[str, Secrets]] = {}
        self._newest: dict[tuple[UUID, BrokerName], int] = {}
        self._retired: set[Login] = set()
        self._forget_by: dict[Login, datetime | None] = {}

    def put(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName,
        account_id: str,
        secrets: Secrets,
        forget_by: datetime | None = None,
    ) -> int:
        version = self._newest.get((session_id, broker), 0) + 1
        self._newest[session_id, broker] = version
        self._held[principal, session_id, broker, version] = (account_id, secrets)
        self._forget_by[principal, session_id, broker, version] = forget_by
        return version

    def get(
        self, principal: UUID, session_id: UUID, broker: BrokerName, version: int
    ) -> tuple[str, Secrets] | None:
        if (principal, session_id, broker, version) in self._retired:
            return None
        return self._held.get((principal, session_id, broker, version))

    def get_to_settle(
        self, principal: UUID, session_id: UUID, broker: BrokerName, version: int
    ) -> tuple[str, Secrets] | None:
        return self._held.get((principal, session_id, broker, version))

    def retire(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName,
        version: int,
        forget_by: datetime,
    ) -> None:
        login = (principal, session_id, broker, version)
        self._retired.add(login)
        self._forget_by[login] = self._forget_by[login] or forget_by

    def forget(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName | None = None,
        version: int | None = None,
    ) -> None:
        for held in list(self._held):
            mine = held[:2] == (principal, session_id) and broker in (None, held[2])
            if mine and version in (None, held[3]):
                del self._held[held]

    def held(self, principal: UUID, session_id: UUID) -> list[HeldLogin]:
        return [h for h in self.held_by_all() if h[:2] == (principal, session_id)]

    def held_by_all(self) -> list[HeldLogin]:
        return [
            HeldLogin(*login, login in self._retired, self._forget_by[login])
            for login in sorted(self._held, key=lambda login: (login[1], login[3]))
        ]

    def seal(self, principal: UUID, text: str) -> str:
        return f"sealed:{principal}:{text.encode().hex()}"

    def unseal(self, principal: UUID, sealed: str) -> str | None:
        _, owner, text = sealed.split(":")
        return bytes.fromhex(text).decode() if owner == str(principal) else None

    def account_fingerprint(self, broker: BrokerName, account_id: str) -> str:
        return hashlib.sha256(f"{broker}/{account_id}".encode()).hexdigest()[:32]

    def broker_tag(self, principal: UUID, account_fingerprint: str, order_key: str) -> str:
        named = f"{principal}/{account_fingerprint}/{order_key}"
        name = "u" + hashlib.sha256(named.encode()).hexdigest()[:11]
        return name + _proof(principal, account_fingerprint, name)

    def is_our_tag(self, principal: UUID, account_fingerprint: str, tag: str) -> bool:
        proof = _proof(principal, account_fingerprint, tag[:12])
        return len(tag) == 20 and tag[12:] == proof

    def holds(self, session_id: UUID) -> list[tuple[BrokerName, int]]:
        """The logins of a session whose secret is still here, by broker and version."""
        return [
            (broker, version) for _, owner, broker, version in self._held if owner == session_id
        ]


def _proof(principal: UUID, account_fingerprint: str, name: str) -> str:
    named = f"proof/{principal}/{account_fingerprint}/{name}"
    return hashlib.sha256(named.encode()).hexdigest()[:8]
