"""An installation whose one login holds values unlike anything else, to be searched for."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from application.ports.broker import AcceptedLogin, Secrets
from application.sessions.enter_session import Entered
from application.writer import Context
from infrastructure.settings import Settings
from mcp_interface.composition import Backend
from tests.fakes.broker import ScriptedBroker

ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
CONTEXT = Context(principal=ASHA, actor="user", correlation_id=UUID(int=0xC0))
CANARIES = {"api_key": "CanaryKey91d4", "access_token": "CanaryToken91d4c7e25b60"}
ACCOUNT = "CANARY91"
FAR_AWAY = datetime(2100, 1, 1, tzinfo=UTC)


def settings(home: Path, postgres_url: str | None = None, **more: str) -> Settings:
    """Data in `home/data` or PostgreSQL, keys in `home/keys`."""
    values = {"TRADING_DATA_DIR": str(home / "data"), "TRADING_KEYS_DIR": str(home / "keys")}
    if postgres_url:
        values["TRADING_DATABASE_URL"] = postgres_url
    return Settings.model_validate({**values, **more})


@contextmanager
def installation(given: Settings) -> Iterator[Backend]:
    """Its use cases, at a Kite that lets everybody in with the canaries."""
    kite = ScriptedBroker("kite", needs_login=True, mode="SIMULATED")
    kite.login = AcceptedLogin(
        account_id=ACCOUNT,
        account_name="Asha Rao",
        secrets=Secrets(CANARIES),
        expires_at=FAR_AWAY,
    )
    backend = Backend(given, brokers=lambda _: (kite,))
    try:
        yield backend
    finally:
        backend.close()


def log_in(backend: Backend) -> Entered:
    """Asha, logged in to Kite."""
    entered = backend.enter(CONTEXT, "default")
    backend.log_in(CONTEXT, entered, "kite", Secrets({"request_token": "CanaryRequest91d4"}))
    return backend.enter(CONTEXT, "default")
