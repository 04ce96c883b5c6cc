"""What each broker's answer, or its absence, proves about a call that changes something.

Every cell goes through the real SDK over loopback. An answer that proves nothing leaves the outcome
unknown; in every cell the request went out once, or never where that is what is said.
"""

import json
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import pytest

from application.ports.broker import Access
from application.ports.broker_orders import Accepted, Declined, Unproven
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected
from infrastructure.brokers.calls import Calls, TimeOuts
from infrastructure.brokers.kite import KiteBroker
from tests.infrastructure.brokers import dhan_support, groww_support, kite_support
from tests.infrastructure.brokers.dhan_support import dhan, dhan_error
from tests.infrastructure.brokers.groww_support import groww, groww_error
from tests.infrastructure.brokers.kite_support import Answer, Write, as_json, kite_error
from tests.infrastructure.brokers.network import Behaviour, answering, endpoint, silent

AN_ACCIDENT = "Something went wrong. Please try later."
TIMED_OUT = "Order request timed out. Please check the order book before placing again."
TOO_POOR = "Insufficient funds. Required margin is 14888.00."
NO_TOKEN = "Incorrect `api_key` or `access_token`."
TOO_MANY = "Too many requests"
UNHEARD_OF = "Something unheard of"


@dataclass(frozen=True)
class Broker:
    """How a broker says no, in its own words, and what it can be told to do."""

    make: Callable[..., object]
    access: Access
    writes: dict[str, Write]
    errors: dict[str, Answer]
    """By the names of the table below."""


KITE = Broker(
    KiteBroker,
    kite_support.access(),
    kite_support.WRITES,
    {
        "500": kite_error(500, "GeneralException", AN_ACCIDENT),
        "502": kite_error(502, "NetworkException", AN_ACCIDENT),
        "503": kite_error(503, "NetworkException", AN_ACCIDENT),
        "504": kite_error(504, "NetworkException", AN_ACCIDENT),
        "429": kite_error(429, "NetworkException", TOO_MANY),
        "a token that has ended": kite_error(403, "TokenException", NO_TOKEN),
        "too little money": kite_error(400, "MarginException", TOO_POOR),
        "400 that says timed out": kite_error(400, "OrderException", TIMED_OUT),
        "400 that nobody knows": kite_error(400, "OrderException", UNHEARD_OF),
        "too little money, and 500": kite_error(500, "MarginException", TOO_POOR),
        "too little money, and 200": kite_error(200, "MarginException", TOO_POOR),
    },
)
GROWW = Broker(
    groww,
    groww_support.access(),
    groww_support.WRITES,
    {
        "500": groww_error(500, "GA000", AN_ACCIDENT),
        "502": groww_error(502, "GA000", AN_ACCIDENT),
        "503": groww_error(503, "GA003", AN_ACCIDENT),
        "504": groww_error(504, "GA000", AN_ACCIDENT),
        "429": as_json(429, {"message": TOO_MANY}),
        "a token that has ended": groww_error(401, "GA005", "User not authorised"),
        "too little money": groww_error(400, "GA006", TOO_POOR),
        "400 that says timed out": groww_error(400, "GA001", TIMED_OUT),
        "400 that nobody knows": groww_error(400, "GA006", UNHEARD_OF),
        "too little money, and 500": groww_error(500, "GA006", TOO_POOR),
        "too little money, and 200": groww_error(200, "GA006", TOO_POOR),
    },
)
DHAN = Broker(
    dhan,
    dhan_support.access(),
    dhan_support.WRITES,
    {
        "500": dhan_error(500, "DH-908", AN_ACCIDENT),
        "502": dhan_error(502, "DH-909", AN_ACCIDENT),
        "503": dhan_error(503, "DH-909", AN_ACCIDENT),
        "504": dhan_error(504, "DH-909", AN_ACCIDENT),
        "429": dhan_error(429, "DH-904", TOO_MANY),
        "a token that has ended": dhan_error(401, "DH-901", "access token is invalid"),
        "too little money": dhan_error(400, "DH-906", TOO_POOR),
        "400 that says timed out": dhan_error(400, "DH-905", TIMED_OUT),
        "400 that nobody knows": dhan_error(400, "DH-906", UNHEARD_OF),
        "too little money, and 500": dhan_error(500, "DH-906", TOO_POOR),
        "too little money, and 200": dhan_error(200, "DH-906", TOO_POOR),
    },
)
BROKERS = {"kite": KITE, "groww": GROWW, "dhan": DHAN}

# Answer, or what comes instead of it | kite | groww | dhan
TABLE = """
a yes                             | yes              | yes              | yes
a yes without its content type    | unknown          | yes              | yes
a yes in a list                   | unknown          | unknown          | unknown
half of a yes                     | unknown          | unknown          | unknown
a yes that does not say to what   | unknown          | unknown          | unknown
null                              | unknown          | unknown          | unknown
200 and not a word                | unknown          | unknown          | unknown
204                               | unknown          | unknown          | unknown
200 and HTML                      | unknown          | unknown          | unknown
403 and HTML                      | unknown          | unknown          | unknown
429 and HTML                      | unknown          | unknown          | unknown
502 and HTML                      | unknown          | unknown          | unknown
302                               | unknown          | unknown          | unknown
307                               | unknown          | unknown          | unknown
500                               | unknown          | unknown          | unknown
502                               | unknown          | unknown          | unknown
503                               | unknown          | unknown          | unknown
504                               | unknown          | unknown          | unknown
429                               | no RATE_LIMITED  | no RATE_LIMITED  | no RATE_LIMITED
a token that has ended            | no LOGIN_EXPIRED | no LOGIN_EXPIRED | no LOGIN_EXPIRED
too little money | no INSUFFICIENT_FUNDS | no INSUFFICIENT_FUNDS | no INSUFFICIENT_FUNDS
too little money, and 500         | unknown          | unknown          | unknown
too little money, and 200         | unknown          | unknown          | unknown
400 that says timed out           | unknown          | unknown          | unknown
400 that nobody knows             | unknown          | unknown          | unknown
the connection closes             | unknown          | unknown          | unknown
the connection is reset           | unknown          | unknown          | unknown
no answer in time                 | unknown          | unknown          | unknown
"""
# Dhan documents 202 without a word as its yes to a conversion: silence in a 2xx is the yes there.
EXCEPTIONS = {
    ("200 and not a word", "dhan", "convert"): "yes",
    ("204", "dhan", "convert"): "yes",
}
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]
CELLS = [
    (answer, name, write, EXCEPTIONS.get((answer, name, write), column))
    for answer, *columns in ROWS
    for name, column in zip(BROKERS, columns, strict=True)
    for write in BROKERS[name].writes
]
WRITES = [(name, write) for name, broker in BROKERS.items() for write in broker.writes]
UNCONNECTED = ["refused", "no such name", "not in time", "a certificate that nobody vouches for"]
"""Ways in which no connection comes about: at all brokers, for everything, it was never sent."""


@pytest.mark.parametrize(("answer", "name", "write", "expected"), CELLS)
def test_what_an_answer_proves(answer, name, write, expected, tmp_path):
    broker, wanted = BROKERS[name], BROKERS[name].writes[write]
    times = TimeOuts(write=0.1) if answer == "no answer in time" else TimeOuts()

    with endpoint(scripted(wanted.read_first, behaviour(broker, wanted, answer))) as wire:
        adapter = broker.make(wire.url, tmp_path, calls=Calls(name, time_outs=times))
        outcome = wanted.do(adapter, broker.access)

    assert told(outcome) == expected
    assert [head for head in wire.heads if not head.startswith("GET")] == wire.heads[-1:]
    assert len(wire.heads) == (2 if wanted.read_first else 1)


@pytest.mark.parametrize("what", UNCONNECTED)
@pytest.mark.parametrize(("name", "write"), WRITES)
def test_without_a_connection_nothing_was_sent(what, name, write, tmp_path, server_side):
    broker, wanted = BROKERS[name], BROKERS[name].writes[write]
    times = TimeOuts(connect=0.1 if what == "not in time" else 3.0, retrying=0.01)

    with unconnected(what, server_side) as (url, heads):
        adapter = broker.make(url, tmp_path, calls=Calls(name, time_outs=times))
        outcome = wanted.do(adapter, broker.access)

    assert told(outcome) == "never sent"
    assert heads == []
    if wanted.read_first is None:
        assert isinstance(outcome, (OrderRejected, Declined))
        assert outcome.reason == f"No connection to {name.title()} came about; nothing was sent."


def told(outcome: object) -> str:
    match outcome:
        case OrderPlaced() | Accepted():
            return "yes"
        case OrderOutcomeUnknown() | Unproven():
            return "unknown"
        case (
            OrderRejected(code=code, reached_broker=True) | Declined(code=code, reached_broker=True)
        ):
            return f"no {code}"
        case OrderRejected(code="NEVER_SENT") | Declined(code="NEVER_SENT"):
            return "never sent"
    raise AssertionError(outcome)


def behaviour(broker: Broker, write: Write, answer: str) -> Behaviour:
    """What the far side does with the one request that changes something."""
    if answer in broker.errors:
        return answering(raw(broker.errors[answer]))
    status, headers, body = write.yes
    html = {"Content-Type": "text/html"}
    ways: dict[str, Behaviour] = {
        "a yes": answering(raw(write.yes)),
        "a yes without its content type": answering(raw((status, {}, body))),
        "a yes in a list": answering(raw(as_json(status, [json.loads(body) if body else None]))),
        "half of a yes": partial(and_then_closes, raw((status, headers, body), cut=True)),
        "a yes that does not say to what": answering(raw((status, headers, unnamed(body)))),
        "null": answering(raw(as_json(200, None))),
        "200 and not a word": answering(raw((200, {}, b""))),
        "204": answering(raw((204, {}, b""))),
        "200 and HTML": answering(raw((200, html, b"<html>Welcome</html>"))),
        "403 and HTML": answering(raw((403, html, b"<html>Blocked</html>"))),
        "429 and HTML": answering(raw((429, html, b"<html>Slow down</html>"))),
        "502 and HTML": answering(raw((502, html, b"<html>Bad Gateway</html>"))),
        "302": answering(raw((302, {"Location": "/elsewhere"}, b"{}"))),
        "307": answering(raw((307, {"Location": "/elsewhere"}, b"{}"))),
        "the connection closes": partial(and_then_closes, b""),
        "the connection is reset": resets,
        "no answer in time": silent,
    }
    return ways[answer]


def raw(answer: Answer, *, cut: bool = False) -> bytes:
    """As it goes over the wire; `cut` breaks off in the middle of what was announced."""
    status, headers, body = answer
    announced = max(len(body), 10) if cut else len(body)
    lines = [f"HTTP/1.1 {status} So", *(f"{name}: {value}" for name, value in headers.items())]
    head = "\r\n".join([*lines, f"Content-Length: {announced}", "", ""]).encode()
    return head + (body[: len(body) // 2] if cut else body)


def unnamed(body: bytes) -> bytes:
    """The same shape, without what it is about."""
    said = json.loads(body) if body else None
    if isinstance(said, dict):
        for inside in ("data", "payload"):
            if inside in said:
                return json.dumps({**said, inside: {}}).encode()
    return b"{}"


def and_then_closes(said: bytes, connection: socket.socket) -> None:
    connection.sendall(said)
    connection.shutdown(socket.SHUT_RDWR)


def resets(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


def scripted(read_first: Answer | None, then: Behaviour) -> Behaviour:
    """Answers the question that comes first, if one does, and behaves then."""
    coming = [answering(raw(read_first))] if read_first else []

    def behave(connection: socket.socket) -> None:
        (coming.pop(0) if coming else then)(connection)

    return behave


@contextmanager
def unconnected(what, server_side) -> Iterator[tuple[str, list[str]]]:
    """An address, and the requests that came there."""
    if what == "refused":
        yield "http://127.0.0.1:9", []
    elif what == "no such name":
        yield "http://broker.invalid:1", []
    elif what == "not in time":
        with full_house() as url:
            yield url, []
    else:
        with endpoint(tls=server_side) as wire:
            yield f"https://127.0.0.1:{wire.port}", wire.heads


@contextmanager
def full_house() -> Iterator[str]:
    """Listens, has more waiting than it has room for, and takes nobody in."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            with suppress(BlockingIOError):
                each.connect(listener.getsockname())
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            for each in waiting:
                each.close()
