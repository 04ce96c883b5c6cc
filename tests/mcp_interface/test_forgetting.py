"""A server that was killed before a key was destroyed: the next start destroys it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import canary_jobs
from tests.support.canary import ASHA, CANARIES, installation, settings
from tests.support.processes import child
from tests.support.servers import COMMAND, Site, site
from tests.support.waiting import wait_until


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    with site(tmp_path, url) as made:
        yield made


def _killed(place: Site, moment: canary_jobs.Moment) -> list[str]:
    home, url = place.directory, place.database.postgres_url
    with child(canary_jobs.die, home, url, moment) as process:
        return [str(word) for word in process.hear_out()]


def _login_keys(place: Site) -> list[str]:
    return sorted(file.stem for file in place.keys_dir.glob("login-*.key"))


@pytest.mark.parametrize("moment", ["logging out", "ending"])
def test_a_key_that_outlived_its_login_is_destroyed_by_the_next_start(place, moment):
    assert _killed(place, moment) == ["logged in"]
    assert len(_login_keys(place)) == 1

    place.server()

    wait_until(lambda: _login_keys(place) == [], "the key is destroyed")


def test_a_key_that_never_got_a_login_is_destroyed_by_the_next_start(place):
    assert _killed(place, "logging in") == []
    assert len(_login_keys(place)) == 1

    place.server()

    wait_until(lambda: _login_keys(place) == [], "the key is destroyed")


def test_a_rotation_that_was_killed_loses_nothing_and_leaves_one_key(place):
    assert _killed(place, "rotating") == ["logged in"]
    assert len(_login_keys(place)) == 2
    assert _readable(place)

    place.server()

    wait_until(lambda: len(_login_keys(place)) == 1, "the old key is destroyed")
    assert _readable(place)


def _readable(place: Site) -> bool:
    given = settings(place.directory, place.database.postgres_url)
    with installation(given) as backend:
        [login] = backend.vault.held_by_all()
        held = backend.vault.get(ASHA, login.session_id, "kite", login.version)
        return held is not None and dict(held[1]) == CANARIES


def test_a_client_that_starts_its_own_server_cleans_up_as_well(tmp_path):
    """Over stdio: most people never run `serve`."""
    with site(tmp_path) as place:
        assert _killed(place, "logging out") == ["logged in"]

        command = [*COMMAND, "stdio"]
        done = subprocess.run(command, env=place.env, stdin=subprocess.DEVNULL, timeout=60)
        assert done.returncode == 0

        assert _login_keys(place) == []
