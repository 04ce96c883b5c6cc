"""Candles kept in memory."""

from application.ports.candle_store import Kept
from domain.vocabulary import BrokerName, Interval


class FakeCandleStore:
    """`writes` counts what was kept, so that a test sees when nothing was."""

    def __init__(self) -> None:
        self.kept: dict[tuple[BrokerName, str, Interval], Kept] = {}
        self.writes = 0

    def read(self, broker: BrokerName, instrument: str, interval: Interval) -> Kept | None:
        return self.kept.get((broker, instrument, interval))

    def write(self, broker: BrokerName, instrument: str, interval: Interval, kept: Kept) -> None:
        self.kept[broker, instrument, interval] = kept
        self.writes += 1
