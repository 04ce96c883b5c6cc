"""A login that the release before kept is still there after the upgrade, and can be forgotten."""

from uuid import UUID

import msgspec
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

import infrastructure.migrations
from infrastructure.ciphers import bound, encrypt
from infrastructure.migrations.runner import migrate
from infrastructure.vault import SealedVault
from tests.support.databases import disposing

ASHA = UUID("a5a00000-0000-4000-8000-000000000001")
WORK = UUID("5e550000-0000-4000-8000-000000000001")


@pytest.fixture
def engine(empty_database):
    with disposing(empty_database.control_engine()) as engine:
        yield engine


def test_a_login_of_release_0_1_0_survives_the_upgrade(engine, keys, empty_database):
    config = Config()
    config.set_main_option("script_location", infrastructure.migrations.__path__[0])
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        uuid = (lambda u: str(u)) if empty_database.on_postgres else (lambda u: u.hex)
        connection.execute(
            text(
                "INSERT INTO vault (session_id, broker, version, principal, key_id, ciphertext, "
                "deleted) VALUES (:session, 'kite', 1, :principal, 'login-of-old', :sealed, false)"
            ),
            {
                "session": uuid(WORK),
                "principal": uuid(ASHA),
                "sealed": encrypt(
                    keys.get_or_create("login-of-old"),
                    msgspec.json.encode(["AB1234", {"access_token": "open-sesame"}]),
                    bound("login", ASHA, WORK, "kite", 1, "login-of-old"),
                ),
            },
        )

    migrate(engine)

    vault = SealedVault(engine, keys)
    held = vault.get(ASHA, WORK, "kite", 1)
    assert held is not None
    assert dict(held[1]) == {"access_token": "open-sesame"}
    [login] = vault.held_by_all()
    assert (login.retired, login.forget_by) == (False, None)
    assert vault.rotate(login) == "rotated"
    vault.forget(ASHA, WORK)
    assert vault.held_by_all() == []
