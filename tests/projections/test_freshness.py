"""Whoever asks sees what was stored before they asked, or is told that they do not."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from domain.errors import StoreUnavailable
from projections.freshness import FreshViews
from projections.projector import Projector, UnknownEvent
from projections.queries import AdminQueries
from tests.domain.facts import CREATED, REQUESTED
from tests.projections.history import HOME, WORK, History, fold, tables
from tests.support.databases import Database, disposing

STATISTICS = "session_statistics"


class Waiting:
    """Stands for whoever asks: counts the naps, and lets something happen in one of them."""

    def __init__(self) -> None:
        self.slept_seconds = 0.0
        self.woke = 0
        self.after_a_while = lambda: None

    def wake(self) -> None:
        self.woke += 1

    def pause(self, seconds: float) -> None:
        self.slept_seconds += seconds
        if self.woke == 3:
            self.after_a_while()


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def queries(projector, history, waiting) -> AdminQueries:
    return AdminQueries(
        FreshViews(
            projector, head=lambda: len(history.rows), wake=waiting.wake, pause=waiting.pause
        )
    )


def test_a_view_that_is_up_to_date_answers_at_once(history, projector, queries, waiting):
    history.happened(WORK, CREATED)
    fold(projector)

    answer = queries.statistics()

    assert answer.value == {"sessions_created": 1}
    assert (answer.as_of_position, answer.stale) == (1, False)
    assert waiting.slept_seconds == waiting.woke == 0


def test_a_view_of_an_empty_log_is_up_to_date(queries):
    answer = queries.statistics()

    assert (answer.value, answer.as_of_position, answer.stale) == ({}, 0, False)


def test_a_question_wakes_the_projector_and_waits_until_it_has_reached_the_head(
    history, projector, queries, waiting
):
    history.happened(WORK, CREATED, REQUESTED)
    waiting.after_a_while = lambda: projector.catch_up(STATISTICS)

    answer = queries.statistics()

    assert answer.value == {"sessions_created": 1, "orders_requested": 1}
    assert (answer.as_of_position, answer.stale) == (2, False)
    assert waiting.woke == 3
    assert waiting.slept_seconds < 0.01


def test_what_is_stored_while_a_question_waits_does_not_make_it_wait_longer(
    history, projector, queries, waiting
):
    history.happened(WORK, CREATED)

    def meanwhile() -> None:
        projector.catch_up(STATISTICS)
        history.happened(WORK, REQUESTED, REQUESTED)

    waiting.after_a_while = meanwhile

    assert not queries.statistics().stale
    assert waiting.woke == 3


def test_on_postgresql_a_question_waits_for_a_second_and_then_says_that_it_is_stale(
    postgres_url, tmp_path, history, waiting
):
    history.happened(WORK, CREATED)
    with disposing(Database(tmp_path, postgres_url).views_engine()) as engine:
        projector = Projector(engine, history)
        projector.create_tables()
        views = FreshViews(projector, head=lambda: 1, wake=waiting.wake, pause=waiting.pause)

        answer = AdminQueries(views).statistics()

    assert (answer.value, answer.as_of_position, answer.stale) == ({}, 0, True)
    assert 1 <= waiting.slept_seconds < 1.1


def test_an_event_that_only_a_newer_version_knows_makes_answers_stale_and_breaks_none(
    history, projector, queries
):
    history.happened(WORK, CREATED)
    history.stored(WORK, "trading_session.moon_landed.v1", b"{}")
    history.happened(HOME, CREATED)
    with pytest.raises(UnknownEvent):
        projector.catch_up(STATISTICS)

    answer = queries.statistics()

    assert answer.value == {"sessions_created": 1}
    assert (answer.as_of_position, answer.stale) == (1, True)


def test_views_that_cannot_be_read_are_refused_and_not_guessed(history, tmp_path, waiting):
    nowhere = Database(tmp_path, "postgresql://nobody:secret@127.0.0.1:1/nothing")
    with disposing(nowhere.views_engine()) as engine:
        views = FreshViews(
            Projector(engine, history), head=lambda: 0, wake=waiting.wake, pause=waiting.pause
        )

        with pytest.raises(StoreUnavailable) as refusal:
            AdminQueries(views).statistics()

    assert "secret" not in str(refusal.value)


# SQLite: a private copy when somebody sits on the views


@pytest.fixture
def file_views(tmp_path) -> Iterator[Projector]:
    with disposing(Database(tmp_path).views_engine()) as engine:
        projector = Projector(engine, History())
        projector.create_tables()
        yield projector


@pytest.fixture
def file_queries(file_views, waiting) -> AdminQueries:
    log = file_views.log
    return AdminQueries(
        FreshViews(file_views, head=lambda: len(log.rows), wake=waiting.wake, pause=waiting.pause)
    )


def test_on_sqlite_a_question_turns_to_a_private_copy_after_a_quarter_of_a_second(
    file_views, file_queries, waiting
):
    history = file_views.log
    history.happened(WORK, CREATED)
    fold(file_views)
    history.happened(WORK, REQUESTED)

    answer = file_queries.statistics()

    assert answer.value == {"sessions_created": 1, "orders_requested": 1}
    assert (answer.as_of_position, answer.stale) == (2, False)
    assert 0.25 <= waiting.slept_seconds < 0.35
    assert file_views.position(STATISTICS) == 1


def test_the_private_copy_goes_on_where_it_was_and_shares_nothing(
    file_views, file_queries, waiting
):
    history = file_views.log
    history.happened(WORK, CREATED)
    for orders in range(1, 4):
        history.happened(WORK, replace(REQUESTED, order_key=f"k{orders}"))
        answer = file_queries.statistics()
        assert answer.value == {"sessions_created": 1, "orders_requested": orders}
        assert not answer.stale

    assert file_queries.sessions(active_only=True).value[0][0].orders_open == 3
    assert tables(file_views.engine)["session_statistics_v1"] == []


def test_the_shared_views_are_used_again_once_they_are_up_to_date(
    file_views, file_queries, waiting
):
    history = file_views.log
    history.happened(WORK, CREATED)
    file_queries.statistics()
    fold(file_views)
    slept = waiting.slept_seconds

    assert not file_queries.statistics().stale
    assert waiting.slept_seconds == slept


def test_a_stream_that_is_parked_in_the_private_copy_breaks_no_answer(file_views, file_queries):
    history = file_views.log
    history.happened(WORK, CREATED)
    history.stored(WORK, "trading_session.order_dispatched.v1", b"not json")
    history.happened(HOME, CREATED)

    answer = file_queries.statistics()

    assert answer.value == {"sessions_created": 2}
    assert (answer.as_of_position, answer.stale) == (3, False)


def test_many_who_ask_the_private_copy_at_once_are_all_answered(file_views):
    history = file_views.log
    history.happened(WORK, CREATED, REQUESTED)
    views = FreshViews(
        file_views, head=lambda: 2, wake=lambda: None, pause=lambda seconds: time.sleep(0.001)
    )

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: AdminQueries(views).statistics(), range(16)))

    assert {(a.as_of_position, a.stale) for a in answers} == {(2, False)}
    assert all(a.value == {"sessions_created": 1, "orders_requested": 1} for a in answers)
