"""Nothing that was acknowledged is lost, whoever is killed in the middle of whatever."""

from contextlib import closing
from uuid import UUID

from application.ports.event_store import Append
from infrastructure.store.sqlite import SqliteEventStore
from tests.infrastructure.store import jobs
from tests.infrastructure.store.rows import WORK, row
from tests.support.databases import Database, Store, disposing
from tests.support.processes import Child, child

Entry = tuple[int, UUID, int]
"""Position, stream, version."""


def _acknowledged(writer: Child, count: int) -> list[Entry]:
    return [writer.hear() for _ in range(count)]


def _all_of(store: Store) -> set[Entry]:
    return {(r.position or 0, r.stream_id, r.version) for r in store.log(0, 1_000_000)}


def test_a_killed_writer_loses_nothing_that_was_acknowledged(database, store):
    for kill in range(1, 4):
        with child(jobs.append_for_ever, database, f"writer {kill}") as writer:
            acknowledged = _acknowledged(writer, 30 * kill)
            writer.kill()
            acknowledged += writer.hear_out()

        stored = _all_of(store)
        assert set(acknowledged) <= stored
        # At most one append was in, and its acknowledgement not yet out.
        mine = {entry for entry in stored if entry[1] == acknowledged[0][1]}
        assert len(mine - set(acknowledged)) <= 1

    store.append(Append([row(WORK, 1)]))
    assert store.read(WORK) == [row(WORK, 1)]


def test_a_writer_killed_while_it_holds_the_lock_stops_nobody(database, store):
    with child(jobs.hold_the_writers_lock, database) as holder:
        assert holder.hear() == "locked"
        holder.kill()

        store.append(Append([row(WORK, 1)]))

    assert [r.stream_id for r in store.log(0, 10)] == [WORK]


def test_a_commit_to_sqlite_waits_for_the_disk(tmp_path):
    database = Database(tmp_path)
    database.migrate()
    full = 2

    with (
        closing(SqliteEventStore(tmp_path / "events.db", 1)) as store,
        store.datastore.transaction(commit=True) as log,
    ):
        log.execute("PRAGMA synchronous")
        assert log.fetchone()[0] == full
    with disposing(database.control_engine()) as engine, engine.connect() as tables:
        assert tables.exec_driver_sql("PRAGMA synchronous").scalar() == full


def test_a_killed_postgresql_loses_nothing_that_was_acknowledged(mortal_server, tmp_path):
    database = Database(tmp_path, mortal_server.create_database())
    database.migrate()
    with (
        child(jobs.append_for_ever, database, "one") as one,
        child(jobs.append_for_ever, database, "two") as two,
    ):
        acknowledged = _acknowledged(one, 100) + _acknowledged(two, 100)
        mortal_server.kill()
        ends = [one.hear_out(), two.hear_out()]
        mortal_server.start()

    assert [end.pop() for end in ends] == ["STORE_UNAVAILABLE", "STORE_UNAVAILABLE"]
    with closing(database.open_store()) as store:
        stored = _all_of(store)
        assert {*acknowledged, *ends[0], *ends[1]} <= stored
        store.append(Append([row(WORK, 1)]))
        assert store.read(WORK) == [row(WORK, 1)]
