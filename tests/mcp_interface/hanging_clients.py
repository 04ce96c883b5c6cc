"""Clients of a `halting` server that are cut off in the middle of a call, each in its own way."""

import http.client
import json
import os
import select
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from tests.mcp_interface.connect.browser import Browser
from tests.support.halting import ENTERING, Gate, halting_stdio
from tests.support.processes import Child, pipe
from tests.support.servers import Plain, Site

NEWEST: Final = "2026-07-28"
EARLIER: Final = "2025-11-25"
CAN_BE_ASKED: Final[Plain] = {"elicitation": {"form": {}}}
META: Final = {
    "io.modelcontextprotocol/protocolVersion": NEWEST,
    "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": CAN_BE_ASKED,
}
YES: Final = {"action": "accept", "content": {"approve": True}}
ANSWER_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Wish:
    """One order by its key, and who wants it. `proposal_id`: where it waits for a yes already."""

    name: str
    token: str
    order: Plain
    proposal_id: str = ""
    approval_url: str = ""


# Over HTTP


def create_in_rounds(gate: Gate, url: str, wish: Wish, point: str) -> None:
    """`create_order` as a client of 2026-07-28 calls it: the first call is asked, the second brings
    the yes. Only the first enters the session."""
    params: Plain = {"name": "create_order", "arguments": wish.order, "_meta": META}
    if point != ENTERING:
        with_answer = _post(url, wish.token, NEWEST, params)
        asked = json.loads(with_answer.getresponse().read())["result"]
        with_answer.close()
        params = {
            **params,
            "inputResponses": {"answer": YES},
            "requestState": asked["requestState"],
        }
    _held_and_cut(gate, url, point, lambda: _post(url, wish.token, NEWEST, params))


def confirm(gate: Gate, url: str, wish: Wish, point: str) -> None:
    """`confirm_order` of a client of 2025-11-25, which cannot be asked over HTTP."""
    named = {"order_key": wish.order["order_key"], "proposal_id": wish.proposal_id}
    params = {"name": "confirm_order", "arguments": named}
    _held_and_cut(gate, url, point, lambda: _post(url, wish.token, EARLIER, params))


def approve_on_the_page(gate: Gate, url: str, wish: Wish, point: str) -> None:
    """A browser that is closed after the button was pressed."""
    browser = Browser()
    browser.open(wish.approval_url)
    form = browser.send(browser.page.forms[0], token=wish.token, do="sign-in").forms[0]
    cookies = "; ".join(f"{c.name}={c.value}" for c in browser.http.cookies.jar)
    browser.http.close()
    headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({**form.fields, "do": "approve"})

    def press() -> http.client.HTTPConnection:
        connection = _connection(url)
        connection.request("POST", urlsplit(wish.approval_url).path, body, headers)
        return connection

    _held_and_cut(gate, url, point, press)


def _held_and_cut(
    gate: Gate, url: str, point: str, send: Callable[[], http.client.HTTPConnection]
) -> None:
    gate.shut(point)
    connection = send()
    gate.wait()
    _reset(connection)
    asking = _connection(url)  # whoever answers this has heard of the reset
    asking.request("GET", "/livez")
    assert asking.getresponse().read()
    asking.close()


def _post(url: str, token: str, revision: str, params: Plain) -> http.client.HTTPConnection:
    """Call a tool the way a client of this revision does, without waiting for the answer."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": revision,
    }
    if revision == NEWEST:
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": params["name"]}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    connection = _connection(url)
    connection.request("POST", "/mcp", json.dumps(body), headers)
    return connection


def _connection(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", urlsplit(url).port, timeout=ANSWER_SECONDS)


def _reset(connection: http.client.HTTPConnection) -> None:
    """As a machine does that lost its power or its network."""
    at_once = struct.pack("ii", 1, 0)
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    connection.close()


# Over stdio


class Desktop:
    """A server over two pipes of its own, and whoever holds their other ends."""

    def __init__(self, site: Site, gate: Gate, name: str) -> None:
        theirs_in, self._stdin = pipe()
        self._stdout, theirs_out = pipe()
        env: Mapping[str, str] = {**site.env, "TRADING_USER": name}
        log_file = site.directory / "stdio-halting.log"
        work = (dict(env), gate.address, log_file, theirs_in, theirs_out)
        self.process = Child(halting_stdio, work)
        theirs_in.close()
        theirs_out.close()
        self._rest = b""
        self._number = 0

    def tell(self, method: str, **params: object) -> None:
        self._send({"method": method, "params": params})

    def begin_to_ask(self, method: str, **params: object) -> int:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        return self._number

    def ask(self, method: str, **params: object) -> Plain:
        number = self.begin_to_ask(method, **params)
        return self.hear(lambda line: line.get("id") == number)

    def answer(self, question: Plain, result: Plain) -> None:
        self._send({"id": question["id"], "result": result})

    def hear(self, is_it: Callable[[Plain], bool]) -> Plain:
        """The next line that is what was waited for."""
        deadline = monotonic() + ANSWER_SECONDS
        while True:
            line: Plain = json.loads(self._line(deadline))
            if is_it(line):
                return line

    def close_stdin(self) -> None:
        """What a host does that ends in good order; it still listens."""
        self._stdin.close()

    def die(self) -> None:
        """All that a server sees of a host that was killed: both pipes are gone."""
        self._stdin.close()
        self._stdout.close()

    def close(self) -> None:
        self.process.kill()
        for end in (self._stdin, self._stdout):
            if not end.closed:
                end.close()

    def _send(self, message: Plain) -> None:
        os.write(self._stdin.fileno(), json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._rest:
            left = deadline - monotonic()
            assert left > 0, "no answer in time"
            if select.select([self._stdout.fileno()], [], [], left)[0]:
                read = os.read(self._stdout.fileno(), 65_536)
                assert read, "it closed its stdout"
                self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def ask_live(desktop: Desktop, gate: Gate, wish: Wish, point: str) -> int:
    """`create_order` as a client of 2025-11-25 calls it: the question comes while the call waits.
    Return the number of the call that is held."""
    desktop.ask(
        "initialize",
        protocolVersion=EARLIER,
        capabilities=CAN_BE_ASKED,
        clientInfo={"name": "tests", "version": "1"},
    )
    desktop.tell("notifications/initialized")
    if point == ENTERING:
        gate.shut(point)
    number = desktop.begin_to_ask("tools/call", name="create_order", arguments=wish.order)
    if point != ENTERING:
        question = desktop.hear(lambda line: line.get("method") == "elicitation/create")
        gate.shut(point)
        desktop.answer(question, YES)
    gate.wait()
    return number


def ask_in_rounds(desktop: Desktop, gate: Gate, wish: Wish, point: str) -> int:
    """The same as a client of 2026-07-28 does it."""
    params: dict[str, Any] = {"name": "create_order", "arguments": wish.order, "_meta": META}
    if point != ENTERING:
        state = desktop.ask("tools/call", **params)["result"]["requestState"]
        params |= {"inputResponses": {"answer": YES}, "requestState": state}
    gate.shut(point)
    number = desktop.begin_to_ask("tools/call", **params)
    gate.wait()
    return number
