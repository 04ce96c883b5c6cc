"""A projection goes on past what it cannot fold, and stops for nothing but the future."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import OperationalError

from domain import events as e
from domain.envelope import Recorded
from projections import session_statistics
from projections.projector import PROJECTIONS, Parked, Projector, UnknownEvent
from tests.domain.facts import CREATED, DISPATCHED, PLACED, REQUESTED, login
from tests.projections import jobs
from tests.projections.history import (
    HOME,
    UNREADABLE,
    WORK,
    fold,
    tables,
)
from tests.support.databases import Database, disposing
from tests.support.processes import child

STATISTICS = "session_statistics"


@dataclass
class Touchy:
    """Counts like `session_statistics`, and trips over orders with the key `poison`."""

    name: str = STATISTICS
    tables: tuple[Table, ...] = session_statistics.tables
    healed: bool = False
    batches: list[int] = field(default_factory=list)

    def fold(self, connection: Connection, batch: Sequence[Recorded], /) -> None:
        session_statistics.fold(connection, batch)
        self.batches.append(len(batch))
        for recorded in batch:
            if getattr(recorded.event, "order_key", None) == "poison" and not self.healed:
                raise ValueError("it tastes of almonds\0")


def _totals(projector: Projector) -> dict[str, int]:
    return dict(tables(projector.engine)["session_statistics_v1"])


def poison(key: str = "poison") -> e.OrderDispatched:
    return e.OrderDispatched(order_key=key)


# Poison


@pytest.fixture
def touchy(views_engine, history) -> Projector:
    """One projection that some event poisons, and one that nothing does."""
    projector = Projector(views_engine, history, [Touchy(), PROJECTIONS["deadlines"]])
    projector.create_tables()
    return projector


@pytest.mark.parametrize("batch_size", [1, 2, 500])
def test_a_poisoned_event_parks_its_stream_and_the_others_go_on(touchy, history, batch_size):
    history.happened(WORK, CREATED, REQUESTED)
    history.happened(HOME, CREATED)
    history.happened(WORK, poison(), PLACED, DISPATCHED)
    history.happened(HOME, REQUESTED, DISPATCHED)

    fold(touchy, batch_size=batch_size)

    assert touchy.parked() == [
        Parked(
            projection=STATISTICS,
            stream_id=WORK,
            position=4,
            name="trading_session.order_dispatched.v1",
            cause="ValueError: it tastes of almonds\ufffd",
            waiting=2,
        )
    ]
    assert _totals(touchy) == {
        "sessions_created": 2,
        "orders_requested": 2,
        "orders_dispatched": 1,
    }
    assert touchy.position(STATISTICS) == 8


def test_a_parked_stream_stays_parked_in_order_and_what_waits_is_counted(touchy, history):
    history.happened(WORK, CREATED, poison())
    fold(touchy)

    history.happened(WORK, PLACED, PLACED)
    history.happened(HOME, PLACED)
    fold(touchy)

    assert [(p.stream_id, p.position, p.waiting) for p in touchy.parked()] == [(WORK, 2, 2)]
    assert _totals(touchy) == {"sessions_created": 1, "orders_placed": 1}


def test_several_poisoned_streams_are_shown_in_the_order_in_which_they_stopped(touchy, history):
    history.happened(HOME, poison())
    history.happened(WORK, poison())
    history.happened(HOME, poison())

    fold(touchy)

    assert [(p.stream_id, p.position, p.waiting) for p in touchy.parked()] == [
        (HOME, 1, 1),
        (WORK, 2, 0),
    ]


def test_a_stream_is_parked_for_the_projection_that_trips_over_it_and_no_other(touchy, history):
    history.happened(WORK, CREATED, poison(), login(expires_at=CREATED.ends_at))

    fold(touchy)

    assert {p.projection for p in touchy.parked()} == {STATISTICS}
    assert [row[1] for row in tables(touchy.engine)["deadlines_v1"]] == ["age", "kite", "used"]


def test_folding_again_after_a_repair_frees_a_parked_stream(touchy, history):
    history.happened(WORK, CREATED, poison(), PLACED)
    fold(touchy)
    touchy.projections[STATISTICS].healed = True

    touchy.rebuild(STATISTICS)
    fold(touchy)

    assert touchy.parked() == []
    assert _totals(touchy) == {"sessions_created": 1, "orders_dispatched": 1, "orders_placed": 1}


@pytest.mark.parametrize(
    "state",
    [b"", b"not json", b"[]", UNREADABLE, b'{"envelope": {}, "event": {"order_key": "k1"}}'],
    ids=["nothing", "not json", "another shape", "a wrong field", "no envelope"],
)
def test_a_row_that_can_no_longer_be_read_parks_its_stream_in_every_projection_that_needs_it(
    projector, history, state
):
    history.happened(HOME, CREATED)
    history.happened(WORK, CREATED)
    history.stored(WORK, "trading_session.order_dispatched.v1", state)
    history.happened(WORK, PLACED)
    history.happened(HOME, REQUESTED)

    fold(projector)

    parked = [p for p in projector.parked() if p.projection != STATISTICS]
    assert {(p.projection, p.stream_id, p.position, p.waiting) for p in parked} == {
        (projection, WORK, 3, 1) for projection in projector.projections if projection != STATISTICS
    }
    assert all(p.cause for p in parked)
    assert [projector.position(name) for name in projector.projections] == [5] * 5
    info = {row[0]: row for row in tables(projector.engine)["session_info_v3"]}
    assert info.keys() == {HOME, WORK}


def test_trouble_with_an_event_is_remembered_for_the_operator(touchy, history):
    assert touchy.last_trouble is None
    history.happened(WORK, poison())

    fold(touchy)

    assert touchy.last_trouble == "session_statistics: ValueError"


# A database in trouble says nothing against the event


@dataclass
class Unlucky:
    """Loses its database in the middle of a fold, as often as `accidents` says."""

    accidents: int
    name: str = STATISTICS
    tables: tuple[Table, ...] = session_statistics.tables

    def fold(self, connection: Connection, batch: Sequence[Recorded], /) -> None:
        session_statistics.fold(connection, batch)
        if not self.accidents:
            return
        self.accidents -= 1
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        raise OperationalError("UPDATE ...", {}, Exception("database is locked"))


def test_a_database_lost_in_the_middle_of_a_fold_parks_nothing(views_engine, history):
    projector = Projector(views_engine, history, [Unlucky(accidents=2)])
    projector.create_tables()
    history.happened(WORK, CREATED, REQUESTED)

    for _ in range(2):
        with pytest.raises(OperationalError):
            projector.step(STATISTICS)
        assert projector.position(STATISTICS) == 0
        assert _totals(projector) == {}

    assert projector.step(STATISTICS) == 2
    assert projector.parked() == []
    assert _totals(projector) == {"sessions_created": 1, "orders_requested": 1}


def test_a_database_lost_while_folding_one_by_one_parks_nothing(views_engine, history):
    """The slow way round, which an unreadable neighbour makes necessary."""
    projector = Projector(views_engine, history, [Unlucky(accidents=1)])
    projector.create_tables()
    history.stored(HOME, "trading_session.order_dispatched.v1", b"not json")
    history.happened(WORK, CREATED)

    with pytest.raises(OperationalError):
        projector.step(STATISTICS)
    assert projector.position(STATISTICS) == 0
    assert projector.parked() == []

    fold(projector)
    assert [p.stream_id for p in projector.parked()] == [HOME]
    assert _totals(projector) == {"sessions_created": 1}


def test_views_that_somebody_else_keeps_locked_park_nothing(empty_database, projector, history):
    history.happened(WORK, CREATED)
    with child(jobs.hold_the_views, empty_database) as holder:
        assert holder.hear() == "locked"
        with ThreadPoolExecutor(1) as thread:
            folding = thread.submit(projector.step, STATISTICS)
            assert wait([folding], timeout=0.3).not_done
            holder.kill()

            assert folding.result(timeout=10) == 1

    assert projector.parked() == []
    assert _totals(projector) == {"sessions_created": 1}


def test_views_whose_server_is_away_raise_and_nothing_else(history, tmp_path):
    nowhere = Database(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing")
    history.happened(WORK, CREATED)

    with disposing(nowhere.views_engine()) as engine, pytest.raises(OperationalError):
        Projector(engine, history).step(STATISTICS)


# Names of a later version


def test_an_event_of_an_unknown_name_stops_the_projection_right_before_it(projector, history):
    history.happened(WORK, CREATED, REQUESTED)
    history.stored(WORK, "trading_session.moon_landed.v1", b"{}")
    history.happened(HOME, CREATED)

    for _ in range(2):
        with pytest.raises(UnknownEvent, match=r"'trading_session\.moon_landed\.v1' at position 3"):
            projector.step(STATISTICS)
        assert projector.position(STATISTICS) == 2
        assert _totals(projector) == {"sessions_created": 1, "orders_requested": 1}

    assert projector.parked() == []


def test_an_unknown_name_behind_a_poisoned_event_still_stops_it(touchy, history):
    history.happened(WORK, poison(), PLACED)
    history.stored(HOME, "trading_session.moon_landed.v1", b"{}")

    with pytest.raises(UnknownEvent):
        touchy.step(STATISTICS)

    assert touchy.position(STATISTICS) == 2
    assert [(p.stream_id, p.waiting) for p in touchy.parked()] == [(WORK, 1)]
