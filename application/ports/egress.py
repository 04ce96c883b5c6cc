"""By which way an account's calls leave this machine.

Indian rules take API orders only from the address that the account's owner has registered, so the
way belongs to (principal, broker) and is set by the operator.
"""

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from domain.vocabulary import BrokerName


@dataclass(frozen=True, kw_only=True)
class Egress:
    """Direct without either; else from the local address `source`, or through `proxy`, a URL that
    may hold a password and is therefore in no text."""

    source: str | None = None
    proxy: str | None = field(default=None, repr=False)


DIRECT = Egress()


class Egresses(Protocol):
    def of(self, principal: UUID, broker: BrokerName) -> Egress:
        """The way that is set; `DIRECT` when none is.

        Raises:
            EgressUnavailable: one is set and cannot be read. Never `DIRECT` instead.
        """
        ...
