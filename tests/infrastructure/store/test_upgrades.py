"""A store that an earlier release wrote is this release's after the migrations, with all in it.

`written_by/` holds what the release's own code wrote, row by row, so that it can be put into either
database. Such a file is written once and never changed.
"""

import base64
import json
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, Uuid, insert

import infrastructure.migrations
from application.orders.tell_order import Told
from infrastructure.migrations.runner import migrate
from infrastructure.vault import SealedVault
from mcp_interface.composition import Backend
from tests.support.databases import Database, disposing

WRITTEN = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((Path(__file__).parent / "written_by").glob("*.json"))
}
REVISION = {"0.1.0": "0001", "0.2.0": "0004"}
ASHA = UUID("d6a4318f-bea8-49eb-94d7-edbbb3c4ec43")
SESSION = UUID("c9ef7156-cef8-5344-9afe-7ba4799fbf04")


@pytest.fixture(params=WRITTEN)
def upgraded(empty_database: Database, request: pytest.FixtureRequest) -> Database:
    """A database with the rows of that release, and then migrated."""
    written: dict[str, Any] = WRITTEN[request.param]  # Any: rows of every table
    keys = Path(empty_database.settings.keys_dir)
    keys.mkdir(parents=True)
    for name, key in written["keys"].items():
        (keys / f"{name}.key").write_bytes(bytes.fromhex(key))
    with disposing(empty_database.control_engine()) as engine:
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", infrastructure.migrations.__path__[0])
            config.attributes["connection"] = connection
            command.upgrade(config, REVISION[request.param])
            made = MetaData()
            made.reflect(connection)
            for name, rows in written["tables"].items():
                table = made.tables[name]
                connection.execute(table.delete())
                for row in rows:
                    connection.execute(insert(table).values(**_values(table, row)))
        assert migrate(engine) is True
    return empty_database


def _values(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """As this database stores them: bytes, UUIDs and truth look different in each."""
    return {name: _value(table, name, value) for name, value in row.items()}


def _value(table: Table, name: str, value: Any) -> Any:
    kind = table.c[name].type
    if isinstance(value, dict):
        return base64.b64decode(value["base64"])
    if name == "state":
        return value.encode()
    if isinstance(kind, Uuid) and isinstance(value, str):
        return UUID(value)
    return bool(value) if kind.python_type is bool else value


def test_sessions_and_orders_are_as_they_were(upgraded: Database):
    with closing(Backend(upgraded.settings)) as backend:
        (opened,) = backend.store.sessions_of(ASHA)
        orders = list(backend.order_history(ASHA))

        assert opened.session_id == SESSION
        assert backend.store.active_sessions() == 1
        seen = [(o.request.order_key, o.state, o.sighting) for o in orders]
        assert [(key, state, s and (s.status, s.filled_shares)) for key, state, s in seen] == [
            ("old-1", "PLACED", ("FILLED", 3)),
            ("old-2", "PLACED", ("FILLED", 2)),
        ]


def test_an_order_of_then_is_in_no_ledger_and_can_still_be_told(upgraded: Database):
    with closing(Backend(upgraded.settings)) as backend:
        told = backend.tell_order.known(ASHA, "old-1")

        assert isinstance(told, Told)
        assert (told.report.request.risk, told.report.request.dispatch_by) == (None, None)
        assert told.report.state == "PLACED"


def test_a_login_of_then_can_be_used_now(upgraded: Database):
    with closing(Backend(upgraded.settings)) as backend:
        held = backend.vault.get(ASHA, SESSION, "kite", 1)

        assert held is not None
        assert held[0] == "AS1234"
        assert sorted(held[1]) == ["access_token", "api_key"]


def test_a_login_of_then_can_be_given_a_new_key(upgraded: Database):
    with closing(Backend(upgraded.settings)) as backend:
        vault = backend.vault
        assert isinstance(vault, SealedVault)
        (login,) = vault.held_by_all()

        assert vault.rotate(login) == "rotated"
        assert vault.get(ASHA, SESSION, "kite", 1) is not None
