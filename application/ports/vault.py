"""Where secrets live, so that events never hold them."""

from typing import Protocol
from uuid import UUID

from application.ports.broker import Secrets
from domain.vocabulary import BrokerName


class Vault(Protocol):
    def put(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName,
        account_id: str,
        secrets: Secrets,
    ) -> int:
        """Encrypt and keep a login; answer with its version, rising per session and broker."""
        ...

    def get(
        self, principal: UUID, session_id: UUID, broker: BrokerName, version: int
    ) -> tuple[str, Secrets] | None:
        """The account id and the secrets, or `None` when that login is gone."""
        ...

    def forget(self, principal: UUID, session_id: UUID, broker: BrokerName | None = None) -> None:
        """Delete the keys first and then the ciphertexts, of one broker or of the session."""
        ...

    def seal(self, principal: UUID, text: str) -> str:
        """Encrypt something personal that an event has to carry, under the principal's own key."""
        ...

    def unseal(self, principal: UUID, sealed: str) -> str | None:
        """The text again, or `None` once the principal's key has been destroyed."""
        ...

    def account_fingerprint(self, broker: BrokerName, account_id: str) -> str:
        """A keyed digest, so that two logins can be compared without storing the account id."""
        ...

    def broker_tag(self, principal: UUID, account_fingerprint: str, order_key: str) -> str:
        """The id of ours that a broker sees: 20 characters, [a-z][a-z0-9]*. Always the same for
        the same order, and recognisable as ours by whoever holds the key."""
        ...
