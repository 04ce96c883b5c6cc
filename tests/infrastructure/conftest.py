from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from infrastructure.keystore.files import KeyFiles
from tests.support.databases import Database, disposing


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """For the control tables of `database`."""
    with disposing(database.control_engine()) as engine:
        yield engine


@pytest.fixture
def keys(tmp_path: Path) -> KeyFiles:
    return KeyFiles(tmp_path / "keys")
