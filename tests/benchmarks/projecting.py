"""Folding the log into all views, 500 events a transaction against one."""

from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from uuid import UUID

from sqlalchemy import Engine

from application.log import DecodedLog
from application.ports.event_store import Append
from domain.catalog import CATALOG
from infrastructure.store.postgres import PostgresEventStore
from infrastructure.store.sqlite import SqliteEventStore
from mcp_interface.databases import engines, event_store
from projections.projector import BATCH, Projector
from tests.benchmarks.loading import rows
from tests.benchmarks.scratch import scratch_server
from tests.support.postgres import PostgresServer

STREAMS = 60
ONE_BY_ONE = 300
ROUNDS = 3
TARGET = 20.0


def run() -> None:
    with PostgresServer() as server:
        _compare("SQLite", None)
        _compare("PostgreSQL", server.create_database())


def _compare(database: str, url: str | None) -> None:
    with _filled(url) as (store, engine):
        single, batched = [], []
        for _ in range(ROUNDS):
            single.append(_events_per_second(store, engine, 1, ONE_BY_ONE))
            batched.append(_events_per_second(store, engine, BATCH, STREAMS * 100))
    ratio = median(b / s for s, b in zip(single, batched, strict=True))
    print(
        f"project into all four views on {database}: {median(batched):.0f} events/s at {BATCH} a "
        f"transaction, {median(single):.0f} at 1; {ratio:.0f} times (at least {TARGET:.0f})"
    )


@contextmanager
def _filled(url: str | None) -> Iterator[tuple[SqliteEventStore | PostgresEventStore, Engine]]:
    with scratch_server(url) as scratch:
        store = event_store(scratch.settings)
        for number in range(STREAMS):
            store.append(Append(rows(UUID(int=number + 1, version=5))))
        _, views = engines(scratch.settings)
        yield store, views
        store.close()


def _events_per_second(
    store: SqliteEventStore | PostgresEventStore, engine: Engine, batch: int, events: int
) -> float:
    projector = Projector(engine, DecodedLog(store, CATALOG))
    projector.create_tables()
    for name in projector.projections:
        projector.rebuild(name)
    started = perf_counter()
    for _ in range(events // batch):
        for name in projector.projections:
            projector.step(name, batch)
    return events / (perf_counter() - started)


if __name__ == "__main__":
    run()
