"""Time and identifiers, handed in so that nothing inside reads them from the air."""

from datetime import datetime
from typing import Protocol
from uuid import UUID


class Clock(Protocol):
    def now(self) -> datetime:
        """The current instant, in UTC, with its zone."""
        ...

    def sleep(self, seconds: float) -> None: ...


class Ids(Protocol):
    def new(self) -> UUID:
        """An identifier that nobody can guess and nobody has used."""
        ...
