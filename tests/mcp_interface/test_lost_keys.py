"""The directory of the keys may go away under a running server, and come back."""

from tests.support.servers import site
from tests.support.waiting import wait_until


def test_a_server_whose_keys_are_away_is_not_ready_until_they_are_back(tmp_path):
    with site(tmp_path / "place") as place:
        server = place.server()
        place.token("asha")
        keys = place.keys_dir

        wait_until(lambda: server.get("/readyz")[0] == 200, "readiness")
        keys.rename(keys.with_name("away"))
        without = server.get("/readyz")
        alive = server.get("/livez")
        keys.with_name("away").rename(keys)
        after = server.get("/readyz")

    assert [status for status, _ in (without, alive, after)] == [503, 200, 200]
    assert without[1]["checks"]["keys"] == {"ok": False, "why": "KEY_STORE_UNAVAILABLE"}
