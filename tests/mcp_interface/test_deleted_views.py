"""The views' file may be deleted at any time, also under a running server."""

import pytest

from tests.mcp_interface.people import connected
from tests.support.servers import Site, site

pytestmark = pytest.mark.anyio


async def test_views_that_are_deleted_under_a_running_server_come_back(tmp_path):
    with site(tmp_path / "place") as place:
        await delete_and_ask(place)


async def delete_and_ask(place: Site) -> None:
    server = place.server()
    async with connected(server.url, place.token("asha")) as asha:
        await asha.call("set_active_broker", broker="paper")
        before = (await asha.call("get_session_info")).data
        for file in place.data_dir.glob("views.db*"):
            file.unlink()

        async def is_told_again() -> bool:
            answer = await asha.call("get_session_info")
            return not answer.refused and answer.data["activeBroker"] == "paper"

        answers = [await is_told_again() for _ in range(20)]
        await asha.call("set_active_broker", broker="kite")
        after = (await asha.call("get_session_info")).data

    assert all(answers)
    assert (after["sessionId"], after["activeBroker"]) == (before["sessionId"], "kite")
    assert (place.data_dir / "views.db").exists()
