"""A vault without encryption, in which a test can look for what should or should not be there."""

import hashlib
from uuid import UUID

from application.ports.broker import Secrets
from domain.vocabulary import BrokerName


class MemoryVault:
    """Versions rise per session and broker and are never given out twice, as in the real one."""

    def __init__(self) -> None:
        self._held: dict[tuple[UUID, UUID, BrokerName, int], tuple[str, Secrets]] = {}
        self._newest: dict[tuple[UUID, BrokerName], int] = {}

    def put(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName,
        account_id: str,
        secrets: Secrets,
    ) -> int:
        version = self._newest.get((session_id, broker), 0) + 1
        self._newest[session_id, broker] = version
        self._held[principal, session_id, broker, version] = (account_id, secrets)
        return version

    def get(
        self, principal: UUID, session_id: UUID, broker: BrokerName, version: int
    ) -> tuple[str, Secrets] | None:
        return self._held.get((principal, session_id, broker, version))

    def forget(self, principal: UUID, session_id: UUID, broker: BrokerName | None = None) -> None:
        for held in list(self._held):
            if held[:2] == (principal, session_id) and broker in (None, held[2]):
                del self._held[held]

    def seal(self, principal: UUID, text: str) -> str:
        return f"sealed:{principal}:{text.encode().hex()}"

    def unseal(self, principal: UUID, sealed: str) -> str | None:
        _, owner, text = sealed.split(":")
        return bytes.fromhex(text).decode() if owner == str(principal) else None

    def account_fingerprint(self, broker: BrokerName, account_id: str) -> str:
        return hashlib.sha256(f"{broker}/{account_id}".encode()).hexdigest()[:32]

    def broker_tag(self, principal: UUID, account_fingerprint: str, order_key: str) -> str:
        named = f"{principal}/{account_fingerprint}/{order_key}"
        return "u" + hashlib.sha256(named.encode()).hexdigest()[:19]

    def holds(self, session_id: UUID) -> list[tuple[BrokerName, int]]:
        """The logins of a session whose secret is still here, by broker and version."""
        return [
            (broker, version) for _, owner, broker, version in self._held if owner == session_id
        ]
