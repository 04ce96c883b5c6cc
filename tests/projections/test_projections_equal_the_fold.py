"""State is the fold of its events, and the views are, too: whatever happened.

Random histories of several people, folded by the product and worked out by an oracle that shares
no code with it.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, select

from domain.catalog import CATALOG
from domain.open_orders import OpenOrder
from domain.session import TradingSession
from domain.session import fold as fold_session
from projections import tables as t
from projections.projector import Projector
from tests.projections import oracle
from tests.projections.history import History, fold
from tests.projections.oracle import Happening, Story
from tests.projections.random_histories import Told, histories
from tests.support.databases import Database, disposing

ON_PURPOSE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
"""Views built again and again in one place are a test of `rebuild` as well; and how fast a busy
machine makes up histories says nothing about them."""


def _stored(told: list[Told]) -> tuple[History, Story]:
    """The history as bytes in a log, and the story that the oracle reads."""
    history, story = History(), Story()
    for step in told:
        name, version = step.client
        history.happened(
            step.stream_id,
            *step.events,
            at=step.at,
            principal=step.principal,
            actor=step.actor,
            client_name=name,
            client_version=version,
        )
        story += [
            Happening(
                step.stream_id,
                1 + len(oracle.of(story, step.stream_id)) + number,
                step.principal,
                step.at,
                CATALOG.name_of(each),
                each,
                step.actor,
                name,
                version,
            )
            for number, each in enumerate(step.events)
        ]
    return history, story


def _session(history: History, session_id: UUID) -> TradingSession:
    """The session as the product folds it from its stored events."""
    rows = [row for row in history.rows if row.stream_id == session_id]
    state = fold_session(CATALOG.read(row).event for row in rows)
    assert state is not None
    return state


def _state(history: History, session_id: UUID) -> Any:
    """The same without types, as the oracle writes it down."""
    plain = msgspec.structs.asdict(_session(history, session_id))
    for many in ("logins", "orders"):
        plain[many] = {k: msgspec.structs.asdict(v) for k, v in plain[many].items()}
    for order in plain["orders"].values():
        changes = order["changes"].items()
        order["changes"] = {key: msgspec.structs.asdict(change) for key, change in changes}
    return plain


@given(told=histories())
@settings(max_examples=100, deadline=None, suppress_health_check=ON_PURPOSE)
def test_the_fold_of_a_stream_is_what_its_events_mean(told):
    history, story = _stored(told)

    for session_id in oracle.sessions(story):
        assert _state(history, session_id) == oracle.session(story, session_id)
    event(f"{len(oracle.sessions(story))} sessions")


@pytest.fixture
def sqlite_views(tmp_path) -> Iterator[Projector]:
    yield from _views(Database(tmp_path))


@pytest.fixture
def postgres_views(tmp_path, postgres_url) -> Iterator[Projector]:
    yield from _views(Database(tmp_path, postgres_url))


def _views(database: Database) -> Iterator[Projector]:
    with disposing(database.views_engine()) as engine:
        projector = Projector(engine, History())
        projector.create_tables()
        yield projector


@given(told=histories(), batch_size=st.sampled_from([1, 2, 5, 500]))
@settings(max_examples=40, deadline=None, suppress_health_check=ON_PURPOSE)
def test_the_views_on_sqlite_are_what_the_events_mean(sqlite_views, told, batch_size):
    _check_views(sqlite_views, told, batch_size)


@given(told=histories(), batch_size=st.sampled_from([1, 2, 5, 500]))
@settings(max_examples=12, deadline=None, suppress_health_check=ON_PURPOSE)
def test_the_views_on_postgresql_are_what_the_events_mean(postgres_views, told, batch_size):
    _check_views(postgres_views, told, batch_size)


def _check_views(projector: Projector, told: list[Told], batch_size: int) -> None:
    history, story = _stored(told)
    projector.log = history
    for name in projector.projections:
        projector.rebuild(name)

    fold(projector, batch_size=batch_size)

    assert projector.parked() == []
    info = {row["session_id"]: _opened(row) for row in _rows(projector, t.session_info)}
    assert info == oracle.session_info(story)
    totals = {row["name"]: row["total"] for row in _rows(projector, t.session_statistics)}
    assert totals == oracle.session_statistics(story)
    book = {(row["session_id"], row["order_key"]): row for row in _rows(projector, t.order_book)}
    kept = {key: row.pop("open_order") for key, row in book.items()}
    assert book == oracle.order_book(story)
    assert {key: msgspec.json.decode(each, type=OpenOrder) for key, each in kept.items()} == {
        (session_id, key): order
        for session_id in oracle.sessions(story)
        for key, order in _session(history, session_id).orders.items()
    }
    ends = {
        (row["session_id"], row["kind"]): (row["principal"], row["at"])
        for row in _rows(projector, t.deadlines)
    }
    assert ends == oracle.deadlines(story)
    lines = sorted(_rows(projector, t.audit_timeline), key=lambda row: row["position"])
    assert [_without_words(line) for line in lines] == oracle.audit_timeline(story)


def _rows(projector: Projector, table: Table) -> list[dict[str, Any]]:  # Any: what columns hold
    with projector.engine.connect().execution_options(reading=True) as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: msgspec.json.decode(row[name]) for name in ("logins", "orders_open")}


def _without_words(line: dict[str, Any]) -> dict[str, Any]:
    """The sentence and the call's number are looked at in the timeline's own tests."""
    assert line.pop("summary").strip()
    line.pop("words")
    assert line.pop("correlation_id")
    return line
