"""Two installations for everything to happen in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from infrastructure.simulator.proof import simulator_key
from tests.mcp_interface.secrets.installation import Installation
from tests.mcp_interface.secrets.tables import role_with_a_password
from tests.support.canaries import Canaries
from tests.support.echoing_proxy import echoing_proxy
from tests.support.openbao import OpenBao
from tests.support.servers import site


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Installation]:
    """SQLite, keys in files."""
    with _installation(tmp_path, Canaries(), {}) as made:
        yield made


@pytest.fixture
def of_a_firm(tmp_path: Path, postgres_url: str, openbao: OpenBao) -> Iterator[Installation]:
    """PostgreSQL for a user with a password, keys in OpenBao, an app of the server's own."""
    canaries = Canaries()
    app_id = canaries.mint("dhan app id of the server", "location", length=24)
    app_secret = canaries.mint("dhan app secret of the server")
    # One of the product's own: the first one stands in the arguments of the OpenBao process.
    token = openbao.ask("POST", "auth/token/create", {"policies": ["root"]}).json()["auth"]
    settings = {
        "TRADING_KEY_STORE": "vault",
        "TRADING_VAULT_ADDR": openbao.url,
        "TRADING_VAULT_PREFIX": "canary",
        "TRADING_VAULT_TOKEN": canaries.note("key store token", token["client_token"]),
        "TRADING_DHAN_APP_ID": app_id,
        "TRADING_DHAN_APP_SECRET": app_secret,
    }
    password = canaries.mint("database password")
    with (
        role_with_a_password(postgres_url, password) as url,
        _installation(tmp_path, canaries, settings, url) as made,
    ):
        made.register("dhan", app_id, app_secret)
        yield made


@contextmanager
def _installation(
    home: Path, canaries: Canaries, settings: Mapping[str, str], postgres_url: str | None = None
) -> Iterator[Installation]:
    """Temporary files, and everything that is for a home directory, go where they are searched."""
    place = home / "site"
    common = {
        "TRADING_LOG_LEVEL": "debug",
        "TRADING_CONNECT_PORT": "0",
        "TMPDIR": str(place / "tmp"),
        "HOME": str(place / "home"),
    }
    for name in ("tmp", "home"):
        (place / name).mkdir(parents=True)
    with site(place, postgres_url, **common, **settings) as made:
        simulator = made.simulator()
        made.env |= {f"TRADING_{b}_URL": simulator.url for b in ("GROWW", "DHAN")}
        with echoing_proxy(simulator.url, simulator_key(made.keys_dir)) as proxy:
            yield Installation(made, simulator, made.server(), proxy, canaries)
