"""A market for everybody: one simulated Kite and one server, on SQLite, for the whole run.

Tests share it, so each has people of its own. Whoever stops, kills or starves a server starts one
on another site; the simulator serves those, too, when they share its keys.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.servers import Server, Simulator, Site, site


@dataclass(frozen=True)
class Market:
    site: Site
    simulator: Simulator
    server: Server

    @contextmanager
    def neighbour(
        self, directory: Path, postgres_url: str | None = None, **settings: str
    ) -> Iterator[Site]:
        """Another installation at the same Kite: data of its own, the same keys."""
        shared = {
            "TRADING_KITE_URL": self.simulator.url,
            "TRADING_KEYS_DIR": str(self.site.keys_dir),
        }
        with site(directory, postgres_url, **shared, **settings) as place:
            yield place


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """What the server runs on."""
    return "asyncio"


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with site(tmp_path_factory.mktemp("market"), TRADING_LOG_LEVEL="debug") as shared:
        simulator = shared.simulator()
        yield Market(shared, simulator, shared.server())


@pytest.fixture(scope="session")
def three_brokers(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A neighbour whose Groww and Dhan are the simulated ones, too."""
    url = market.simulator.url
    settings = {"TRADING_GROWW_URL": url, "TRADING_DHAN_URL": url}
    with market.neighbour(tmp_path_factory.mktemp("three_brokers"), **settings) as place:
        yield Market(place, market.simulator, place.server())
