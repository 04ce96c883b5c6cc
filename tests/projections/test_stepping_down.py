"""A process that meets an event of a newer version leaves projecting to that version."""

from contextlib import closing

import pytest

from application.ports.event_store import Append
from infrastructure.store.coordination import PostgresCoordination
from mcp_interface.composition import Backend
from tests.domain.facts import CREATED
from tests.projections.history import WORK, History
from tests.support.databases import Database
from tests.support.waiting import wait_until


@pytest.fixture
def history(history: History) -> History:
    """A session of ours, then an event that only a newer version can have stored."""
    history.happened(WORK, CREATED)
    return history.stored(WORK, "trading_session.moon_landed.v1", b"{}")


def test_it_folds_what_comes_before_in_every_projection_and_then_steps_down(database, history):
    with closing(Backend(database.settings)) as backend:
        backend.projecting.start()
        for row in history.rows:
            backend.store.append(Append([row]))

        wait_until(lambda: backend.projecting.stepped_down is not None, "it to step down")

        assert "trading_session.moon_landed.v1" in (backend.projecting.stepped_down or "")
        assert not backend.projecting.alive
        backend.projecting.stop()
        positions = [backend.projector.position(name) for name in backend.projector.projections]
        assert positions == [1, 1, 1, 1, 1]


def test_on_postgresql_somebody_else_can_lead_after_that(postgres_url, tmp_path, history):
    database = Database(tmp_path, postgres_url)
    database.migrate()
    with (
        closing(Backend(database.settings)) as backend,
        closing(PostgresCoordination(postgres_url)) as newer,
    ):
        backend.projecting.start()
        for row in history.rows:
            backend.store.append(Append([row]))
        wait_until(lambda: backend.projecting.stepped_down is not None, "it to step down")

        try:
            wait_until(
                lambda: all(newer.may_project(name) for name in backend.projector.projections),
                "every projection to be free",
                seconds=1.5,
            )
        finally:
            backend.projecting.stop()
