"""Where closed bars are kept, so that a broker is asked for them once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.market.bars import Bars
from domain.vocabulary import BrokerName, Interval


@dataclass(frozen=True, kw_only=True)
class Kept:
    """`since` <= start of each bar < `until`: within it nothing is missing that the broker had.
    `checked_at` is when it was last compared with what the broker says, to the second."""

    since: datetime
    until: datetime
    checked_at: datetime
    bars: Bars


class CandleStore(Protocol):
    """One unbroken span per (broker, instrument, interval). Only bars that are closed for good.

    It is a cache: what it has lost, or cannot write, is fetched again. Nothing raises.
    """

    def read(self, broker: BrokerName, instrument: str, interval: Interval) -> Kept | None:
        """`instrument` is the canonical name."""
        ...

    def write(self, broker: BrokerName, instrument: str, interval: Interval, kept: Kept) -> None:
        """Replace what is there."""
        ...
