"""What counting an order over all instances costs, beside storing one event of it."""

from statistics import median
from time import perf_counter
from uuid import uuid4

from application.ports.event_store import Append, Row
from domain.capabilities import Rate
from infrastructure.migrations.runner import migrate
from infrastructure.shared_limits import SharedLimits
from infrastructure.store.engines import postgres_engine
from infrastructure.store.postgres import PostgresEventStore
from tests.benchmarks.loading import rows
from tests.support.postgres import PostgresServer

TIMES = 300
UNLIMITED = Rate(calls=8, seconds=0.0)


def run() -> None:
    with PostgresServer() as server:
        url = server.create_database()
        engine = postgres_engine(url)
        migrate(engine)
        limits = SharedLimits(engine)
        store = PostgresEventStore(url, max_sessions=10, pool_size=1)
        stream, event = uuid4(), rows()[1]
        slots, appends = [], []
        for version in range(1, TIMES + 1):
            began = perf_counter()
            limits.reserve(("kite", "a" * 32, "order"), UNLIMITED, 0.0)
            counted = perf_counter()
            store.append(Append([Row(stream, version, event.name, event.state)]))
            slots.append(counted - began)
            appends.append(perf_counter() - counted)
        store.close()
        engine.dispose()
    print(
        f"count an order over all instances on PostgreSQL: {median(slots) * 1000:.2f} ms; "
        f"storing one event takes {median(appends) * 1000:.2f} ms"
    )


if __name__ == "__main__":
    run()
