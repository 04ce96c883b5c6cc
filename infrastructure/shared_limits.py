"""How often an account may be asked, counted over all instances: one row per account and category.

The database's clock decides on PostgreSQL, so instances whose clocks differ agree; on SQLite all
processes are on one machine and its clock does. A row is replaced only if it is still as it was
read. So on PostgreSQL no lock outlives a statement, and an instance that is stopped in the middle
keeps nobody waiting; on SQLite both are one transaction, which holds the file for a millisecond.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    delete,
    extract,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from domain.capabilities import Rate
from domain.vocabulary import BrokerName
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.limits import Key, Slot, TooMany, next_slot
from infrastructure.sealing import Sealing
from infrastructure.store.refusals import store_errors
from infrastructure.store.schema import call_slots

REAL: Final[tuple[BrokerName, ...]] = ("kite", "groww", "dhan")
IDLE_SECONDS: Final = 3600.0
"""After so long without a call an account's row goes, when another account's comes."""


class SharedLimits:
    """See `infrastructure.brokers.limits.Limits`.

    A clock that is set back leaves slots in the future. Those further ahead than any can be given
    count as never given: else the account would be locked out for as long as the clock went back.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        now: Callable[[], float] = time.monotonic,
        system_time: Callable[[], float] = time.time,
    ) -> None:
        """`now` is monotonic, `system_time` in seconds since 1970; both are this machine's."""
        self._on_postgres = engine.dialect.name == "postgresql"
        self._engine = (
            engine.execution_options(isolation_level="AUTOCOMMIT") if self._on_postgres else engine
        )
        self._now = now
        self._system_time = system_time

    def reserve(self, key: Key, rate: Rate, patience_seconds: float) -> Slot:
        # Whoever loses a row has lost a slot with it: when none is left for now, this ends.
        while True:
            with store_errors(), self._engine.begin() as connection:
                asked = self._now()
                seen, present = connection.execute(self._look(key)).one()
                answered = self._now()
                present = float(present)
                given = _slots_in(seen, until=present + max(rate.seconds, patience_seconds))
                wait = next_slot(given, present, rate) - present
                if wait > patience_seconds:
                    raise TooMany(wait)
                given = sorted([*given, present + wait])[-rate.calls :]
                if self._replace(connection, key, seen, given, present):
                    return Slot(asked + wait, answered + wait)

    def _look(self, key: Key) -> Any:
        """Selects the row's slots and the time. `Any`: SQLAlchemy's types of a row."""
        slots = select(call_slots.c.slots).where(_is(key)).scalar_subquery()
        clock = (
            extract("epoch", func.clock_timestamp())
            if self._on_postgres
            else literal(self._system_time())
        )
        return select(slots, clock)

    def _replace(
        self,
        connection: Connection,
        key: Key,
        seen: str | None,
        given: list[float],
        present: float,
    ) -> bool:
        """Whether the row was still as seen."""
        values = {"slots": " ".join(f"{slot:.6f}" for slot in given), "newest": int(given[-1])}
        if seen is not None:
            changed = update(call_slots).where(_is(key), call_slots.c.slots == seen)
            return connection.execute(changed.values(values)).rowcount == 1
        connection.execute(delete(call_slots).where(call_slots.c.newest < present - IDLE_SECONDS))
        insert = postgresql.insert if self._on_postgres else sqlite.insert
        broker, account, category = key
        row = {"broker": broker, "account": account, "category": category, **values}
        added = insert(call_slots).values(row).on_conflict_do_nothing()
        return connection.execute(added.returning(call_slots.c.newest)).first() is not None


def shared_calls(engine: Engine, sealing: Sealing) -> dict[BrokerName, Calls]:
    """For every real broker: orders are counted over all instances, reads and how writes end by
    each for itself."""
    limits = SharedLimits(engine)
    return {
        broker: Calls(
            broker, order_limits=limits, fingerprint=partial(sealing.account_fingerprint, broker)
        )
        for broker in REAL
    }


def _is(key: Key) -> ColumnElement[bool]:
    broker, account, category = key
    return and_(
        call_slots.c.broker == broker,
        call_slots.c.account == account,
        call_slots.c.category == category,
    )


def _slots_in(seen: str | None, *, until: float) -> list[float]:
    return [slot for slot in map(float, (seen or "").split()) if slot <= until]
