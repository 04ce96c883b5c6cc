"""What every request of every adapter passes: how often it goes out, and for how long it waits."""

import gzip
import socket
import time
from dataclasses import replace

import pytest
import requests
from kiteconnect import KiteConnect

from application.ports.broker import RateLimited
from domain.vocabulary import BrokerName
from infrastructure.brokers.breaker import Breaker
from infrastructure.brokers.calls import Calls, NotSent, TimeOuts
from infrastructure.brokers.routes import route_of
from infrastructure.brokers.transport import MOST_BYTES, Session
from tests.infrastructure.brokers.network import (
    Behaviour,
    Endless,
    answering,
    endpoint,
    half,
    hanging_up,
    http_answer,
    silent,
)
from tests.support.waiting import wait_until

PATIENT = TimeOuts()
QUICK = TimeOuts(read=0.15, write=0.15, whole=0.6)
"""For far sides that never answer; any other one might be too slow for it, on a busy machine."""
NOBODY = "http://127.0.0.1:9"

FAULTS: dict[str, Behaviour] = {
    "hangs up": hanging_up,
    "says nothing": silent,
    "too many": answering(http_answer(429)),
    "its own error": answering(http_answer(500)),
    "a gateway's page": answering(http_answer(502, b"<html>Bad Gateway</html>")),
    "out of service": answering(http_answer(503)),
    "half an answer": half(http_answer()),
    "elsewhere": answering(http_answer(307, b"", "Location: /elsewhere")),
}

KITE = KiteConnect._routes
WRITES: list[tuple[BrokerName, str, str]] = [
    ("kite", "POST", KITE["order.place"]),
    ("kite", "PUT", KITE["order.modify"]),
    ("kite", "DELETE", KITE["order.cancel"]),
    ("kite", "PUT", KITE["portfolio.positions.convert"]),
    ("kite", "POST", KITE["gtt.place"]),
    ("kite", "PUT", KITE["gtt.modify"]),
    ("kite", "DELETE", KITE["gtt.delete"]),
    ("kite", "POST", KITE["api.token"]),
    ("kite", "DELETE", KITE["api.token.invalidate"]),
    ("groww", "POST", "/v1/order/create"),
    ("groww", "POST", "/v1/order/modify"),
    ("groww", "POST", "/v1/order/cancel"),
    ("groww", "POST", "/v1/order-advance/create"),
    ("groww", "PUT", "/v1/order-advance/modify/1"),
    ("groww", "POST", "/v1/order-advance/cancel/CASH/GTT/1"),
    ("groww", "POST", "/v1/token/api/access"),
    ("dhan", "POST", "/v2/orders"),
    ("dhan", "POST", "/v2/orders/slicing"),
    ("dhan", "PUT", "/v2/orders/1"),
    ("dhan", "DELETE", "/v2/orders/1"),
    ("dhan", "POST", "/v2/forever/orders"),
    ("dhan", "PUT", "/v2/forever/orders/1"),
    ("dhan", "DELETE", "/v2/forever/orders/1"),
    ("dhan", "POST", "/v2/super/orders"),
    ("dhan", "POST", "/v2/positions/convert"),
    ("dhan", "DELETE", "/v2/positions"),
    ("dhan", "POST", "/v2/killswitch?killSwitchStatus=ACTIVATE"),
    ("dhan", "POST", "/app/generateAccessToken"),
    ("dhan", "GET", "/app/consumeApp-consent?tokenId=1"),
]
READS: list[tuple[BrokerName, str, str]] = [
    ("kite", "GET", "/orders"),
    ("kite", "POST", "/margins/basket"),
    ("kite", "POST", "/charges/orders"),
    ("groww", "GET", "/v1/order/list"),
    ("groww", "POST", "/v1/margins/detail/orders"),
    ("dhan", "GET", "/v2/orders"),
    ("dhan", "POST", "/v2/charts/intraday"),
    ("dhan", "POST", "/v2/margincalculator"),
]


def session(broker: BrokerName = "kite", time_outs: TimeOuts = PATIENT, **more) -> Session:
    return Session(Calls(broker, time_outs=time_outs, **more).line("ALICE"))


def times_for(fault: str) -> TimeOuts:
    return QUICK if fault == "says nothing" else PATIENT


def end_of(asked: Session, method: str, url: str) -> str:
    """How one request ended: a status, or the name of what was raised."""
    try:
        return str(asked.request(method, url).status_code)
    except (requests.RequestException, RateLimited, NotSent) as error:
        return type(error).__name__


# Writes go once


@pytest.mark.parametrize(("broker", "method", "path"), WRITES)
def test_a_write_goes_out_once_whatever_goes_wrong(broker, method, path):
    for fault, behaviour in FAULTS.items():
        with endpoint(behaviour) as wire:
            end_of(session(broker, times_for(fault)), method, f"{wire.url}{path}")

        assert len(wire.heads) == 1, fault


def test_every_route_of_kites_sdk_that_is_not_a_get_is_a_write_or_on_the_list_of_reads():
    assert all(route_of("kite", "PUT", path).is_write for path in KITE.values())
    assert all(route_of("kite", "DELETE", path).is_write for path in KITE.values())
    assert {name for name, path in KITE.items() if not route_of("kite", "POST", path).is_write} == {
        "market.margins",
        "order.margins",
        "order.margins.basket",
        "order.contract_note",
    }


@pytest.mark.parametrize("broker", ["kite", "groww", "dhan"])
def test_a_route_that_nobody_has_listed_is_a_write_unless_it_is_a_get(broker):
    assert route_of(broker, "POST", "/new").is_write
    assert not route_of(broker, "GET", "/new").is_write


# Reads are asked again


@pytest.mark.parametrize(("broker", "method", "path"), READS)
def test_a_read_that_fails_once_is_asked_again(broker, method, path):
    answers = iter([answering(http_answer(503)), answering(http_answer())])
    with endpoint(lambda connection: next(answers)(connection)) as wire:
        assert end_of(session(broker), method, f"{wire.url}{path}") == "200"

    assert len(wire.heads) == 2


@pytest.mark.parametrize(
    ("fault", "asked", "end"),
    [
        ("hangs up", 3, "ConnectionError"),
        ("says nothing", 3, "ReadTimeout"),
        ("too many", 3, "RateLimited"),
        ("its own error", 3, "500"),
        ("a gateway's page", 3, "502"),
        ("half an answer", 3, "ChunkedEncodingError"),
        ("elsewhere", 1, "307"),
    ],
)
def test_a_read_is_asked_three_times_at_most(fault, asked, end):
    with endpoint(FAULTS[fault]) as wire:
        assert end_of(session("kite", times_for(fault)), "GET", f"{wire.url}/orders") == end

    assert len(wire.heads) == asked


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_of_a_read_is_not_asked_again(status):
    with endpoint(answering(http_answer(status))) as wire:
        assert end_of(session(), "GET", f"{wire.url}/orders") == str(status)

    assert len(wire.heads) == 1


def test_a_broker_that_wants_a_long_pause_is_left_in_peace_and_the_pause_is_told():
    later = answering(http_answer(429, b"{}", "Retry-After: 40"))
    with endpoint(later) as wire, pytest.raises(RateLimited) as late:
        session().get(f"{wire.url}/orders")

    assert (len(wire.heads), late.value.again_in_seconds) == (1, 40.0)


def test_no_attempt_begins_when_the_time_for_asking_again_is_over():
    with endpoint(silent) as wire:
        asked = session(time_outs=replace(QUICK, retrying=0.1))

        assert end_of(asked, "GET", f"{wire.url}/orders") == "ReadTimeout"

    assert len(wire.heads) == 1


# Nothing hangs for ever


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_never_comes_to_an_end_is_given_up(method):
    endless = Endless(every_seconds=0.02)
    with endpoint(endless) as wire:
        asked = session(time_outs=replace(QUICK, retrying=0.1))

        assert end_of(asked, method, f"{wire.url}/orders/regular") == "ConnectionError"
        wait_until(lambda: endless.given_up == 1, "the far side saw us leave")


def test_no_byte_of_an_answer_is_waited_for_longer_than_the_whole():
    with endpoint(silent) as wire:
        asked = session(time_outs=TimeOuts(read=60.0, write=60.0, whole=0.2))

        assert end_of(asked, "POST", f"{wire.url}/orders/regular") == "ReadTimeout"


def test_a_late_answer_within_the_writes_own_time_is_not_lost():
    def slow(connection):
        time.sleep(0.3)  # longer than a read would wait
        connection.sendall(http_answer())

    with endpoint(slow) as wire:
        asked = session(time_outs=replace(QUICK, write=15.0, whole=30.0))

        assert end_of(asked, "POST", f"{wire.url}/orders/regular") == "200"


def test_the_defaults_give_an_order_longer_than_a_read_and_nothing_more_than_half_a_minute():
    assert TimeOuts() == TimeOuts(connect=3.05, read=10.0, write=15.0, whole=30.0, retrying=8.0)


# Limits and the breaker


def test_the_ninth_order_of_a_second_waits_and_one_that_would_wait_longer_is_never_sent():
    """A quarter of a second longer than the brokers count, because calls do not arrive evenly."""
    pauses: list[float] = []
    with endpoint() as wire:
        asked = session(now=lambda: 100.0, pause=pauses.append)
        for _ in range(16):
            asked.post(f"{wire.url}/orders/regular")
        with pytest.raises(NotSent, match=r"nothing was sent.*try again in 2\.5 s") as refused:
            asked.delete(f"{wire.url}/orders/regular/1")

    assert refused.value.code == "RATE_LIMITED"
    assert len(wire.heads) == 16
    assert pauses == [1.25] * 8


def test_a_read_that_would_wait_too_long_is_told_when_to_ask_again():
    pauses: list[float] = []
    with endpoint() as wire:
        asked = session(now=lambda: 100.0, pause=pauses.append)
        for _ in range(3):
            asked.get(f"{wire.url}/quote/ltp?i=NSE:INFY")
        with pytest.raises(RateLimited) as late:
            asked.get(f"{wire.url}/quote")

    assert (len(wire.heads), pauses, late.value.again_in_seconds) == (3, [1.0, 2.0], 3.0)


def stopped(calls: Calls, url: str) -> Session:
    asked = Session(calls.line("ALICE"))
    for _ in range(5):
        end_of(asked, "POST", f"{url}/orders/regular")
    return asked


@pytest.mark.parametrize("fault", ["hangs up", "says nothing", "its own error", "a gateway's page"])
def test_five_orders_without_an_answer_stop_the_sixth(fault):
    with endpoint(FAULTS[fault]) as wire:
        asked = stopped(Calls("kite", time_outs=times_for(fault)), wire.url)
        with pytest.raises(NotSent, match="try again in 30 s") as refused:
            asked.post(f"{wire.url}/orders/regular")

    assert refused.value.code == "BROKER_UNAVAILABLE"
    assert len(wire.heads) == 5


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/orders"), ("PUT", "/orders/regular/1"), ("DELETE", "/orders/regular/1")],
)
def test_reads_changes_and_cancels_are_never_stopped(method, path):
    with endpoint(FAULTS["out of service"]) as wire:
        asked = stopped(Calls("kite"), wire.url)

        assert end_of(asked, method, f"{wire.url}{path}") == "503"


@pytest.mark.parametrize("status", [200, 400, 403, 429])
def test_orders_that_are_answered_stop_nothing(status):
    with endpoint(answering(http_answer(status))) as wire:
        asked = stopped(Calls("kite"), wire.url)

        assert end_of(asked, "POST", f"{wire.url}/orders/regular") == str(status)


def test_after_the_cool_down_one_order_tries_and_its_answer_opens_the_way_again():
    at = [100.0]
    calls = Calls("kite", breaker=Breaker(lambda: at[0]))
    stopped(calls, NOBODY)
    at[0] += 30.0
    with endpoint() as wire:
        asked = Session(calls.line("ALICE"))

        assert {end_of(asked, "POST", f"{wire.url}/orders/regular") for _ in range(3)} == {"200"}


def test_logins_say_nothing_about_orders():
    with endpoint() as wire:
        calls = Calls("kite")
        asked = stopped(calls, NOBODY)
        Session(calls.line("BOB")).post(f"{wire.url}/session/token")

        assert end_of(asked, "POST", f"{wire.url}/orders/regular") == "NotSent"


# What is not the answer


class Early:
    """Says something before each answer, and the answer, which names the request, later."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.asked = 0

    def __call__(self, connection: socket.socket) -> None:
        self.asked += 1
        connection.sendall(f"HTTP/1.1 {self.status} Soon\r\nLink: </style.css>\r\n\r\n".encode())
        connection.sendall(http_answer(200, f'{{"of": {self.asked}}}'.encode()))


@pytest.mark.parametrize("status", [100, 102, 103])
def test_what_a_broker_says_before_its_answer_is_not_taken_for_it(status):
    """Left in a shared connection, the answer would go to whoever asks next."""
    with endpoint(Early(status)) as wire:
        calls = Calls("kite")
        alice, bob = (Session(calls.line(name)) for name in ("ALICE", "BOB"))

        answers = [asked.get(f"{wire.url}/orders").json() for asked in (alice, bob, alice)]

    assert answers == [{"of": 1}, {"of": 2}, {"of": 3}]


def test_a_connection_that_speaks_another_protocol_from_now_on_is_not_used_again():
    switching = answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")
    with endpoint(switching) as wire:
        calls = Calls("kite")
        for name in ("ALICE", "BOB"):
            Session(calls.line(name)).get(f"{wire.url}/orders")

    assert wire.connections == 2


@pytest.mark.parametrize("status", [200, 302])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_unpacks_to_more_than_any_right_one_is_given_up(method, status):
    packed = gzip.compress(bytes(MOST_BYTES + 1))
    more = ("Content-Encoding: gzip", "Location: /elsewhere")
    with endpoint(answering(http_answer(status, packed, *more))) as wire:
        end = end_of(session(), method, f"{wire.url}/orders/regular")

    assert (end, len(wire.heads)) == ("AnswerTooLarge", 1)


@pytest.mark.parametrize("location", ["http://[", "http://:x/", "//", "\xff"])
def test_nobody_looks_where_a_redirect_leads(location):
    with endpoint(answering(http_answer(307, b"{}", f"Location: {location}"))) as wire:
        assert end_of(session(), "GET", f"{wire.url}/orders") == "307"
