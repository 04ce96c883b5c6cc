"""The server of one person, as a desktop client starts it: over stdin and stdout."""

import json
import os
import select
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from time import monotonic

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import JSONRPCNotification, JSONRPCRequest, jsonrpc_message_adapter

from domain.events import OrderPlaced
from tests.mcp_interface.people import ERAS, Era, Person, Says, answering, buy, on_the_page
from tests.support.servers import COMMAND, Plain, Site, site
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

ANSWER_SECONDS = 20.0
SECRETS = ["StdioApiKey4711", "StdioApiSecret4711", "StdioRequestToken4711", "StdioAccess4711"]


@pytest.fixture(scope="module")
def desktop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One person's own machine."""
    with site(tmp_path_factory.mktemp("desktop"), TRADING_LOG_LEVEL="debug") as place:
        yield place


@asynccontextmanager
async def client(
    desktop: Site, era: Era, *arguments: str, says: Says = "yes"
) -> AsyncIterator[Person]:
    """What a host does: start the command, speak over its pipes, close them."""
    started = StdioServerParameters(
        command=COMMAND[0], args=[*COMMAND[1:], "stdio", *arguments], env=desktop.env
    )
    questions: list[str] = []
    with (desktop.directory / "stdio.log").open("a") as log:
        async with Client(
            stdio_client(started, errlog=log),
            mode=era,
            elicitation_callback=answering(says, questions),
        ) as connected:
            yield Person(connected, questions)


class ByHand:
    """The same without a client: every line that came out is kept."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._rest = b""
        self._number = 0

    def send(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def notify(self, method: str) -> None:
        self.send(json.dumps({"jsonrpc": "2.0", "method": method}))

    def begin_to_ask(self, method: str, **params: object) -> None:
        self._number += 1
        asked = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self.send(json.dumps(asked))

    def ask(self, method: str, **params: object) -> Plain:
        """The whole answer to a request."""
        self.begin_to_ask(method, **params)
        deadline = monotonic() + ANSWER_SECONDS
        while True:
            line: Plain = json.loads(self._next_line(deadline))
            if line.get("id") == self._number:
                return line

    def begin(self) -> None:
        """The handshake of 2025-11-25."""
        self.ask(
            "initialize",
            protocolVersion="2025-11-25",
            capabilities={},
            clientInfo={"name": "tests", "version": "1"},
        )
        self.notify("notifications/initialized")

    def call(self, tool: str, **arguments: object) -> Plain:
        result: Plain = self.ask("tools/call", name=tool, arguments=arguments)["result"]
        return result

    def finish(self) -> tuple[int, str]:
        """Close stdin, as a host does; the exit status and what was logged."""
        out, err = self.process.communicate(timeout=ANSWER_SECONDS)
        self.lines += (self._rest + out).decode().splitlines()
        return self.process.returncode, err.decode()

    def _next_line(self, deadline: float) -> str:
        assert self.process.stdout is not None
        while b"\n" not in self._rest:
            left = deadline - monotonic()
            assert left > 0, "no answer in time"
            if select.select([self.process.stdout], [], [], left)[0]:
                read = os.read(self.process.stdout.fileno(), 65_536)
                assert read, "it closed its stdout"
                self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        self.lines.append(line.decode())
        return self.lines[-1]


@contextmanager
def by_hand(desktop: Site, **settings: str) -> Iterator[ByHand]:
    process = subprocess.Popen(
        [*COMMAND, "stdio"],
        env={**desktop.env, **settings},
        cwd=desktop.directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield ByHand(process)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_trades_over_stdio_with_clients_of_either_revision(desktop, era):
    async with client(desktop, era, "--session", era) as asha:
        info = (await asha.call("get_session_info")).data
        await asha.call("set_active_broker", broker="paper")
        receipt = (await asha.call("create_order", **buy(order_key=f"over-stdio-{era}"))).data

    assert (info["label"], info["activeBroker"]) == (era, None)
    assert (receipt["state"], receipt["status"], receipt["mode"]) == ("PLACED", "FILLED", "PAPER")
    assert receipt["sessionId"] == info["sessionId"]


def test_stdout_carries_protocol_frames_and_stderr_json_without_secrets(desktop):
    with by_hand(desktop) as server:
        server.begin()
        session_id = server.call("get_session_info")["structuredContent"]["sessionId"]
        refused = server.call(
            "authenticate_broker",
            broker="kite",
            api_key=SECRETS[0],
            api_secret=SECRETS[1],
            request_token=SECRETS[2],
        )
        server.call(
            "authenticate_broker", broker="kite", api_key=SECRETS[0], access_token=SECRETS[3]
        )
        server.call("authenticate_broker", broker="kite", totp=SECRETS[2])
        server.call("create_order", **buy(quantity=-1, order_key=SECRETS[3]))
        server.ask("tools/call", name="transfer_money", arguments={"to": SECRETS[2]})
        server.ask("resources/read", uri="file:///etc/passwd")
        server.ask("no/such/method")
        server.send('{"jsonrpc": "2.0", "id": ')
        server.send(json.dumps([SECRETS[1]]))
        assert server.ask("tools/list")["result"]["tools"]
        exit_status, logged = server.finish()

    assert exit_status == 0
    assert refused["content"][0]["text"].startswith("BROKER_UNAVAILABLE: ")
    for line in server.lines:
        frame = jsonrpc_message_adapter.validate_json(line)
        assert not isinstance(frame, JSONRPCRequest | JSONRPCNotification), line
    entries = [json.loads(line) for line in logged.splitlines()]
    assert all({"event", "level", "timestamp"} <= set(entry) for entry in entries)
    assert entries
    assert session_id not in logged
    assert [secret for secret in SECRETS if secret in logged + "".join(server.lines)] == []


async def test_a_long_read_tells_how_far_it_is(desktop):
    heard: list[tuple[float, float | None, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    async with client(desktop, "auto", "--session", "long") as asha:
        told = await asha.client.call_tool(
            "get_historical_data",
            {
                "symbol": "INFY",
                "from_date": "2025-01-01",
                "to_date": "2026-06-30",
                "interval": "60m",
                "broker": "paper",
            },
            progress_callback=hear,
        )

    assert not told.is_error
    assert heard == [
        (1.0, 2.0, "1 of 2 calls to the broker"),
        (2.0, 2.0, "2 of 2 calls to the broker"),
    ]


async def test_two_processes_of_one_person_are_in_one_session(desktop):
    async with client(desktop, "auto") as first, client(desktop, "legacy") as second:
        await first.call("set_active_broker", broker="paper")
        seen_by_second = (await second.call("get_session_info")).data
        await second.call("set_active_broker", broker="kite")
        seen_by_first = (await first.call("get_session_info")).data

    assert (seen_by_second["activeBroker"], seen_by_second["stale"]) == ("paper", False)
    assert (seen_by_first["activeBroker"], seen_by_first["stale"]) == ("kite", False)
    assert seen_by_first["sessionId"] == seen_by_second["sessionId"]


async def test_a_process_that_stands_still_does_not_make_the_others_old(desktop):
    with by_hand(desktop) as suspended:
        suspended.begin()
        suspended.call("get_session_info")
        async with client(desktop, "auto") as awake:
            suspended.process.send_signal(signal.SIGSTOP)
            try:
                seen = []
                for broker in ("paper", "kite", "paper", "kite"):
                    await awake.call("set_active_broker", broker=broker)
                    seen.append((await awake.call("get_session_info")).data)
            finally:
                suspended.process.send_signal(signal.SIGCONT)
        after = suspended.call("get_session_info")["structuredContent"]

    assert [info["activeBroker"] for info in seen] == ["paper", "kite", "paper", "kite"]
    assert not any(info["stale"] for info in seen)
    assert (after["activeBroker"], after["stale"]) == ("kite", False)
    assert after["sessionId"] == seen[0]["sessionId"]


def test_a_process_told_to_stop_waits_for_the_order_that_it_sent(market, tmp_path):
    with (
        market.neighbour(tmp_path / "desk") as desk,
        ThreadPoolExecutor() as visiting,
        by_hand(desk) as server,
    ):
        server.begin()
        told = server.call("get_broker_login_instructions", broker="kite", api_key="deskapp")
        login_url = told["structuredContent"]["loginUrl"]
        server.call(
            "authenticate_broker",
            broker="kite",
            api_key="deskapp",
            api_secret="deskapp-secret",
            request_token=market.simulator.request_token(login_url, "DESK01"),
        )
        market.simulator.fault("delay:1", route="/orders", method="POST", user="DESK01")
        asked = server.call("create_order", **buy(order_key="last-order"))["structuredContent"]
        token = desk.token("asha")
        visiting.submit(on_the_page, asked["approvalUrl"], token)
        wait_until(
            lambda: any(line["user"] == "DESK01" for line in market.simulator.wire_log()),
            "the order",
        )
        server.process.send_signal(signal.SIGTERM)
        exit_status = server.process.wait(ANSWER_SECONDS)
        events = [recorded.event for recorded in desk.recorded()]

    assert exit_status == 0
    assert [e.order_key for e in events if isinstance(e, OrderPlaced)] == ["last-order"]
