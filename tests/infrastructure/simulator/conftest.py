from collections.abc import Iterator
from pathlib import Path

import pytest

from infrastructure.simulator.exchange.exchange import Exchange
from tests.infrastructure.simulator.support import SimulatedKite, StandingClock, simulated_kite


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def exchange(clock: StandingClock) -> Exchange:
    return Exchange(seed=1, now=clock)


@pytest.fixture
def kite(tmp_path: Path) -> Iterator[SimulatedKite]:
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator
