"""A database that goes away, comes back, or holds what this version does not know."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import anyio
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.mcp_interface.people import Answer, Person, buy, connected, eventually
from tests.support.postgres import PostgresServer
from tests.support.servers import COMMAND, Plain, Server, Site, site

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def mortal() -> Iterator[PostgresServer]:
    """A PostgreSQL that this module may kill."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def far_away(mortal: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("far-away"), mortal.create_database()) as place:
        yield place


async def test_calls_are_refused_while_the_database_is_away_and_work_when_it_is_back(
    far_away, mortal
):
    server, token = far_away.server(), far_away.token("kavya")
    started = StdioServerParameters(
        command=COMMAND[0], args=[*COMMAND[1:], "stdio"], env=far_away.env
    )
    with (far_away.directory / "stdio.log").open("a") as log:
        async with (
            connected(server.url, token) as kavya,
            Client(stdio_client(started, errlog=log)) as desktop,
        ):
            asha = Person(desktop)
            for person in (kavya, asha):
                await person.call("set_active_broker", broker="paper")
            session_ids = [await person.session_id() for person in (kavya, asha)]
            head = server.log_head()
            mortal.kill()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(all_are_refused, asha)
                for path, status in (("/readyz", 503), ("/health", 503), ("/livez", 200)):
                    tasks.start_soon(answers_with, server, path, status)
            status, told = server.get("/admin/api/statistics", token)
            assert (status, told["error"]) == (503, "STORE_UNAVAILABLE")
            refused = httpx2.post(
                f"{server.url}/mcp", headers={"Authorization": f"Bearer {token}"}, trust_env=False
            )
            assert refused.status_code == 503

            mortal.start()
            await eventually(lambda: server.get("/readyz")[0] == 200, "readiness")

            assert server.log_head() == head
            assert [await person.session_id() for person in (kavya, asha)] == session_ids
            for person in (kavya, asha):
                assert (await person.call("create_order", **buy())).data["status"] == "FILLED"
                info = (await person.call("get_session_info")).data
                assert (info["activeBroker"], info["stale"]) == ("paper", False)


async def all_are_refused(person: Person) -> None:
    """Reading and writing alike, within the two seconds that a connection may take."""
    calls: dict[str, Plain] = {
        "get_session_info": {},
        "set_active_broker": {"broker": "kite"},
        "create_order": buy(),
        "get_orders": {},
    }
    answers: dict[str, Answer] = {}

    async def ask(tool: str) -> None:
        answers[tool] = await person.try_to(tool, **calls[tool])

    async with anyio.create_task_group() as tasks:
        for tool in calls:
            tasks.start_soon(ask, tool)
    assert {tool: a.code for tool, a in answers.items()} == dict.fromkeys(
        calls, "STORE_UNAVAILABLE"
    )
    for answer in answers.values():
        assert "Next: " in answer.text
        assert "127.0.0.1" not in answer.raw


async def answers_with(server: Server, path: str, status: int) -> None:
    assert (await anyio.to_thread.run_sync(server.get, path))[0] == status, path


def test_a_server_without_a_database_does_not_start_and_says_why(far_away):
    nowhere = "postgresql://nobody:opensesame@127.0.0.1:9/nothing"

    refused = far_away.run("serve", "--port", "0", "--json", TRADING_DATABASE_URL=nowhere)

    assert refused.returncode == 3
    assert "STORE_UNAVAILABLE" in refused.stdout
    assert "opensesame" not in refused.stdout + refused.stderr


def test_a_database_that_was_not_migrated_is_left_as_it_is(far_away, mortal):
    empty = mortal.create_database()

    refused = far_away.run("serve", "--port", "0", "--json", TRADING_DATABASE_URL=empty)

    assert refused.returncode == 2
    assert "Next: trading-server migrate" in refused.stdout


def test_an_event_of_a_newer_version_stops_the_start_and_is_named(tmp_path):
    with site(tmp_path / "newer") as place:
        with closing(sqlite3.connect(place.data_dir / "events.db")) as file, file:
            row = (uuid4().hex, 1, "trading_session.order_teleported.v3", b"{}")
            file.execute("INSERT INTO stored_events VALUES (?, ?, ?, ?)", row)

        refused = place.run("serve", "--port", "0", "--json")

    assert refused.returncode == 2
    assert "trading_session.order_teleported.v3" in refused.stdout
    assert "Next: " in refused.stdout
    assert "Traceback" not in refused.stderr
