"""The brokers that this process can talk to."""

from collections.abc import Iterable

from application.ports.broker import Broker
from domain.vocabulary import BrokerName


class BrokerSet:
    """See `application.ports.broker.Brokers`."""

    def __init__(self, brokers: Iterable[Broker]) -> None:
        self._brokers = {broker.name: broker for broker in brokers}

    def get(self, name: BrokerName) -> Broker | None:
        return self._brokers.get(name)

    def all(self) -> tuple[Broker, ...]:
        return tuple(self._brokers.values())
