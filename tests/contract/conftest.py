"""A desk at each broker, for every card."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.vocabulary import BROKERS
from tests.contract.desk import REAL, Desk, desk


@pytest.fixture(params=BROKERS, name="desk")
def at_each_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with desk(request.param, tmp_path / "keys") as sitting:
        yield sitting


@pytest.fixture(params=REAL, name="wired")
def at_each_broker_with_a_wire(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with desk(request.param, tmp_path / "keys") as sitting:
        yield sitting
