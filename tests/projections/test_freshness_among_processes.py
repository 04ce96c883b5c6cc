"""The same promise with whole processes, some of which are stopped or killed."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from application.ports.event_store import Append
from mcp_interface.composition import Backend
from projections.projector import Projector
from tests.domain.facts import CREATED, DISPATCHED, REQUESTED
from tests.projections import jobs
from tests.projections.history import WORK, History
from tests.support.databases import Database, disposing
from tests.support.processes import child
from tests.support.waiting import wait_until

STATISTICS = "session_statistics"


@contextmanager
def running(database: Database) -> Iterator[Backend]:
    with closing(Backend(database.settings)) as backend:
        backend.projecting.start()
        try:
            yield backend
        finally:
            backend.projecting.stop()


def _store(backend: Backend, history: History) -> None:
    """What another use of the same store appends, one event at a time."""
    for row in history.rows[backend.store.head() :]:
        backend.store.append(Append([row]))


def _asked(backend: Backend):
    began = time.monotonic()
    answer = backend.admin.statistics()
    return answer, time.monotonic() - began


def test_questions_see_what_was_stored_right_before_them(database, history):
    history.happened(WORK, CREATED)
    with running(database) as backend:
        _store(backend, history)
        for orders in range(1, 9):
            _store(backend, history.happened(WORK, REQUESTED))

            answer, seconds = _asked(backend)

            assert not answer.stale
            assert answer.value == {"sessions_created": 1, "orders_requested": orders}
            assert seconds < 1


def test_questions_see_what_another_process_stored(database, history):
    history.happened(WORK, CREATED)
    with running(database) as one, running(database) as other:
        for orders in range(1, 6):
            _store(one, history.happened(WORK, REQUESTED))

            answer, _ = _asked(other)

            assert not answer.stale
            assert answer.value == {"sessions_created": 1, "orders_requested": orders}


def test_on_sqlite_a_process_stopped_in_the_middle_of_a_fold_makes_no_answer_stale(
    tmp_path, history
):
    database = Database(tmp_path)
    history.happened(WORK, CREATED, REQUESTED)
    database.migrate()
    with closing(database.open_store()) as store, disposing(database.views_engine()) as engine:
        history.append_to(store)
        Projector(engine, history).create_tables()
    with child(jobs.stop_in_the_middle_of_a_fold, database, history) as stuck:
        assert stuck.hear() == "folding"
        stuck.pause()

        with running(database) as backend:
            for orders in range(1, 4):
                answer, seconds = _asked(backend)

                assert not answer.stale
                assert answer.value == {"sessions_created": 1, "orders_requested": orders}
                assert seconds < 2
                _store(backend, history.happened(WORK, REQUESTED))
            assert backend.projector.position(STATISTICS) == 0

            stuck.kill()
            wait_until(lambda: backend.projector.position(STATISTICS) == 5, "this process to go on")


def test_on_postgresql_a_leader_that_is_stopped_makes_answers_stale_until_it_goes_on(
    postgres_url, tmp_path, history
):
    database = Database(tmp_path, postgres_url)
    database.migrate()
    history.happened(WORK, CREATED)
    with child(jobs.project_for_ever, database) as leader:
        assert leader.hear() == "projecting"
        with running(database) as backend:
            _store(backend, history)
            assert not backend.admin.statistics().stale
            leader.pause()
            _store(backend, history.happened(WORK, REQUESTED))

            answer, seconds = _asked(backend)
            assert answer.stale
            assert answer.value == {"sessions_created": 1}
            assert answer.as_of_position == backend.store.head() - 1
            assert seconds < 1.5

            leader.resume()
            wait_until(lambda: not backend.admin.statistics().stale, "the leader to catch up")

            leader.pause()
            _store(backend, history.happened(WORK, DISPATCHED))
            assert backend.admin.statistics().stale
            leader.kill()
            wait_until(lambda: not backend.admin.statistics().stale, "somebody else to lead")
            assert backend.admin.statistics().value == {
                "sessions_created": 1,
                "orders_requested": 1,
                "orders_dispatched": 1,
            }
