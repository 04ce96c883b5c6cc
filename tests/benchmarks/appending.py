"""One saver on PostgreSQL, against the library's recorder as it is shipped."""

from statistics import median
from time import perf_counter
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder

from application.ports.event_store import Append, Row
from infrastructure.migrations.runner import migrate
from infrastructure.store.engines import postgres_engine
from infrastructure.store.postgres import PostgresEventStore, datastore
from tests.benchmarks.loading import rows
from tests.support.postgres import PostgresServer

APPENDS = 300
ROUNDS = 9
TARGET = 1.5


def run() -> None:
    with PostgresServer() as server:
        url = server.create_database()
        migrate(postgres_engine(url))
        ours = PostgresEventStore(url, max_sessions=10, pool_size=1)
        library = PostgresApplicationRecorder(
            datastore(server.create_database(), pool_size=1), events_table_name="library_events"
        )
        library.create_table()
        name, state = rows()[1].name, rows()[1].state
        mine, theirs = [], []
        for _ in range(ROUNDS):
            mine.append(_ours(ours, name, state))
            theirs.append(_library(library, name, state))
        ours.close()
        library.datastore.close()
    ratio = median(t / m for m, t in zip(mine, theirs, strict=True))
    print(
        f"append one event to PostgreSQL with one saver: {1 / median(mine):.0f} events/s, the "
        f"library's recorder {1 / median(theirs):.0f} events/s; {ratio:.2f} times "
        f"(at least {TARGET})"
    )


def _ours(store: PostgresEventStore, name: str, state: bytes) -> float:
    stream = uuid4()
    started = perf_counter()
    for version in range(1, APPENDS + 1):
        store.append(Append([Row(stream, version, name, state)]))
    return (perf_counter() - started) / APPENDS


def _library(recorder: PostgresApplicationRecorder, name: str, state: bytes) -> float:
    stream: UUID = uuid4()
    started = perf_counter()
    for version in range(1, APPENDS + 1):
        recorder.insert_events([StoredEvent(stream, version, name, state)])
    return (perf_counter() - started) / APPENDS


if __name__ == "__main__":
    run()
