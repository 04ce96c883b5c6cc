"""The directory of the keys may go away under a running server, and come back."""

from tests.support.servers import site


def test_a_server_whose_keys_are_away_is_not_ready_until_they_are_back(tmp_path):
    with site(tmp_path / "place") as place:
        server = place.server()
        place.token("asha")
        keys = place.keys_dir

        before = server.get("/readyz")
        keys.rename(keys.with_name("away"))
        without = server.get("/readyz")
        alive = server.get("/livez")
        keys.with_name("away").rename(keys)
        after = server.get("/readyz")

    assert [status for status, _ in (before, without, alive, after)] == [200, 503, 200, 200]
    assert without[1]["checks"]["keys"] == {"ok": False, "why": "KEY_STORE_UNAVAILABLE"}
