from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from infrastructure.keystore.store import KeyStore
from tests.support.key_stores import KeyPlace
from tests.support.openbao import OpenBao


@pytest.fixture(params=["files", "keyring", "vault"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> KeyPlace:
    """Each kind of key store in turn, empty."""
    if request.param != "vault":
        return KeyPlace(request.param, tmp_path)
    bao: OpenBao = request.getfixturevalue("openbao")
    return KeyPlace("vault", tmp_path, bao.url, bao.token, f"trading/{uuid4().hex}")


@pytest.fixture
def keys(place: KeyPlace) -> KeyStore:
    return place.open()


@pytest.fixture
def mortal_bao() -> Iterator[OpenBao]:
    """An OpenBao that one test may seal or kill."""
    with OpenBao() as server:
        yield server
