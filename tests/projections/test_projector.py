"""Every event is folded exactly once, in order, whoever folds and however it is cut up."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from domain.envelope import Recorded, Undecodable
from projections.projector import PROJECTIONS, Projector
from tests.domain.facts import CREATED, DISPATCHED, PLACED, REQUESTED
from tests.projections import jobs
from tests.projections.history import (
    WORK,
    History,
    Tables,
    a_busy_morning,
    fold,
    tables,
)
from tests.support.databases import Database, disposing
from tests.support.processes import child, in_processes

STATISTICS = "session_statistics"


def _totals(projector: Projector) -> dict[str, int]:
    return dict(tables(projector.engine)["session_statistics_v1"])


# Batches


@pytest.mark.parametrize("batch_size", [1, 7])
def test_the_tables_are_the_same_however_the_log_is_cut_into_batches(
    projector, history, batch_size, tmp_path_factory
):
    a_busy_morning(history, sessions=8)

    fold(projector, batch_size=batch_size)

    assert tables(projector.engine) == _folded_at_once(history, tmp_path_factory.mktemp("other"))


def _folded_at_once(history: History, directory) -> Tables:
    """In another place, by one projector, in batches of 500: what the tables should hold."""
    with disposing(Database(directory).views_engine()) as engine:
        alone = Projector(engine, history)
        alone.create_tables()
        fold(alone)
        return tables(engine)


def test_a_step_says_how_many_events_it_took_and_nothing_is_left_to_do_afterwards(
    projector, history
):
    history.happened(WORK, CREATED, REQUESTED, DISPATCHED)

    assert projector.step(STATISTICS, 2) == 2
    assert projector.step(STATISTICS, 2) == 1
    assert projector.step(STATISTICS, 2) == 0
    assert projector.position(STATISTICS) == 3


def test_each_projection_has_its_own_position(projector, history):
    history.happened(WORK, CREATED)

    projector.catch_up("deadlines")

    assert projector.position("deadlines") == 1
    assert projector.position("session_info_v3") == 0


# Races


def test_three_projectors_that_race_with_different_batches_fold_every_event_once(
    empty_database, views_engine, projector, history, tmp_path_factory
):
    a_busy_morning(history, sessions=25)

    def race(batch_size: int) -> None:
        with disposing(empty_database.views_engine()) as engine:
            fold(Projector(engine, history), batch_size=batch_size)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(race, [3, 11, 50]))

    assert tables(views_engine) == _folded_at_once(history, tmp_path_factory.mktemp("other"))


def test_a_projector_that_slept_with_a_batch_in_its_hand_changes_nothing(
    empty_database, projector, history
):
    """It read its batch, others folded that and more, and only then does it go on."""
    history.happened(WORK, CREATED, REQUESTED)

    def the_others_are_faster(after: int, limit: int) -> Sequence[Recorded | Undecodable]:
        batch: Sequence[Recorded | Undecodable] = history(after, limit)
        history.happened(WORK, DISPATCHED, PLACED)
        projector.catch_up(STATISTICS)
        return batch

    with disposing(empty_database.views_engine()) as engine:
        sleeper = Projector(engine, the_others_are_faster)
        assert sleeper.step(STATISTICS) == 2

    assert _totals(projector) == {
        "sessions_created": 1,
        "orders_requested": 1,
        "orders_dispatched": 1,
        "orders_placed": 1,
    }
    assert projector.position(STATISTICS) == 4


def test_a_fold_that_is_cut_off_in_the_middle_leaves_no_trace(projector, history, empty_database):
    history.happened(WORK, CREATED, REQUESTED)
    with child(jobs.stop_in_the_middle_of_a_fold, empty_database, history) as folding:
        assert folding.hear() == "folding"
        folding.kill()

    assert projector.position(STATISTICS) == 0
    assert _totals(projector) == {}
    fold(projector)
    assert _totals(projector) == {"sessions_created": 1, "orders_requested": 1}


def test_processes_that_make_the_tables_at_once_all_succeed(empty_database):
    said = in_processes(jobs.make_tables, [(empty_database,)] * 6)

    assert said == [["made"]] * 6


def test_tables_that_are_there_are_not_asked_for_again_while_somebody_sits_on_them(
    empty_database, projector, history
):
    with child(jobs.hold_the_views, empty_database) as holder:
        assert holder.hear() == "locked"

        began = time.monotonic()
        projector.create_tables()

        assert time.monotonic() - began < 1


# Building again


def test_a_projection_built_again_is_the_same_as_before(projector, history):
    a_busy_morning(history, sessions=8)
    fold(projector, batch_size=50)
    before = tables(projector.engine)

    for name, projection in PROJECTIONS.items():
        projector.rebuild(name)
        assert projector.position(name) == 0
        assert all(not tables(projector.engine)[t.name] for t in projection.tables)
        projector.catch_up(name)

        assert tables(projector.engine) == before


def test_a_projection_can_be_built_again_while_others_fold_it(
    empty_database, projector, history, tmp_path_factory
):
    a_busy_morning(history, sessions=20)

    def race(batch_size: int) -> None:
        with disposing(empty_database.views_engine()) as engine:
            fold(Projector(engine, history), batch_size=batch_size)

    with ThreadPoolExecutor(2) as threads:
        racing = [threads.submit(race, size) for size in (3, 11)]
        for _ in range(3):
            projector.rebuild(STATISTICS)
        for each in racing:
            each.result(timeout=60)
    fold(projector)

    assert tables(projector.engine) == _folded_at_once(history, tmp_path_factory.mktemp("other"))


@pytest.mark.parametrize("killed", [False, True], ids=["after a clean end", "after a kill"])
def test_views_that_were_deleted_are_the_same_after_the_next_start(tmp_path, killed):
    database = Database(tmp_path)
    database.migrate()
    with closing(database.open_store()) as store:
        a_busy_morning(History(), sessions=5).append_to(store)
    with child(jobs.start_and_show, database, killed) as first:
        before = first.hear()
        if killed:
            first.kill()
            assert (tmp_path / "views.db-wal").stat().st_size > 0
        else:
            first.hear_out()
    (tmp_path / "views.db").unlink()

    with child(jobs.start_and_show, database, False) as second:
        assert second.hear() == before

    assert before["session_info_v3"]


def test_a_projection_that_is_new_begins_at_the_first_event(views_engine, history):
    history.happened(WORK, CREATED)
    older = Projector(views_engine, history, [PROJECTIONS["deadlines"]])
    older.create_tables()
    fold(older)

    newer = Projector(views_engine, history)
    newer.create_tables()
    fold(newer)

    assert _totals(newer) == {"sessions_created": 1}
    assert newer.position("deadlines") == 1
