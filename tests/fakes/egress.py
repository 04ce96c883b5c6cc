"""Ways out that a test has set, or lost the key of."""

from uuid import UUID

from application.ports.egress import DIRECT, Egress
from domain.errors import EgressUnavailable
from domain.vocabulary import BrokerName


class FakeEgresses:
    """`None` in `ways` is one that cannot be read any more."""

    def __init__(self) -> None:
        self.ways: dict[tuple[UUID, BrokerName], Egress | None] = {}

    def of(self, principal: UUID, broker: BrokerName) -> Egress:
        way = self.ways.get((principal, broker), DIRECT)
        if way is None:
            raise EgressUnavailable("It cannot be read. Next: ask the operator.")
        return way
