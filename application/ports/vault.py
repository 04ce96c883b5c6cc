"""Where secrets live, so that events never hold them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from application.ports.broker import Secrets
from domain.vocabulary import BrokerName


class HeldLogin(NamedTuple):
    """A login whose key and ciphertext are still there.

    `retired`: commands may not use it any more. `forget_by`: when the broker ends it by itself
    (UTC), `None` when it never does.
    """

    principal: UUID
    session_id: UUID
    broker: BrokerName
    version: int
    retired: bool
    forget_by: datetime | None


class Vault(Protocol):
    """Where the keys cannot be reached, every method raises `KeyStoreUnavailable`."""

    def put(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName,
        account_id: str,
        secrets: Secrets,
        forget_by: datetime | None = None,
    ) -> int:
        """Encrypt and keep a login; answer with its version, rising per session and broker.

        It will be forgotten at `forget_by` (UTC) at the latest, whatever becomes of us.
        """
        ...

    def get(
        self, principal: UUID, session_id: UUID, broker: BrokerName, version: int
    ) -> tuple[str, Secrets] | None:
        """The account id and the secrets, or `None` when that login is retired or gone."""
        ...

    def get_to_settle(
        self, principal: UUID, session_id: UUID, broker: BrokerName, version: int
    ) -> tuple[str, Secrets] | None:
        """The same for a retired login, too: only to look up what became of its orders."""
        ...

    def retire(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName,
        version: int,
        forget_by: datetime,
    ) -> None:
        """Keep a login from commands at once, but not yet from `get_to_settle`. `forget_by`
        (UTC) counts where the login has no such instant itself."""
        ...

    def forget(
        self,
        principal: UUID,
        session_id: UUID,
        broker: BrokerName | None = None,
        version: int | None = None,
    ) -> None:
        """Destroy the keys first and then the ciphertexts: of one login, of all logins of one
        broker, or of the whole session."""
        ...

    def held(self, principal: UUID, session_id: UUID) -> Sequence[HeldLogin]:
        """The logins of one session that are not forgotten, retired ones included."""
        ...

    def held_by_all(self) -> Sequence[HeldLogin]:
        """Everybody's, for making good what a crash left, and for rotating keys."""
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

    def is_our_tag(self, principal: UUID, account_fingerprint: str, tag: str) -> bool:
        """Whether `broker_tag` made this for an order of this person in that account, whatever its
        key was: two people may share an account."""
        ...
