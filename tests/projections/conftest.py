from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from projections.freshness import FreshViews
from projections.projector import Projector
from projections.queries import AdminQueries
from tests.projections.history import History, fold
from tests.support.databases import Database, disposing


@pytest.fixture
def views_engine(empty_database: Database) -> Iterator[Engine]:
    with disposing(empty_database.views_engine()) as engine:
        yield engine


@pytest.fixture
def history() -> History:
    return History()


@pytest.fixture
def projector(views_engine: Engine, history: History) -> Projector:
    """Folds `history` into empty tables."""
    projector = Projector(views_engine, history)
    projector.create_tables()
    return projector


@pytest.fixture
def shown(projector: Projector, history: History) -> Callable[[], AdminQueries]:
    """What the views answer once everything that happened is folded."""

    def shown() -> AdminQueries:
        fold(projector)
        return AdminQueries(
            FreshViews(projector, head=lambda: len(history.rows), wake=_nobody, pause=_never)
        )

    return shown


def _nobody() -> None:
    return None


def _never(seconds: float) -> None:
    raise AssertionError("the views were not up to date")
