"""Kite's ticker: the SDK's own client and parser against the simulator, and recorded packets."""

import base64
import itertools
import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from infrastructure.simulator.kite.packets import frame
from infrastructure.simulator.kite.ticker import MOST_TOKENS, Feed
from infrastructure.simulator.market.universe import listed
from tests.infrastructure.simulator.shapes import described, misfits
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

REPOSITORY = Path(__file__).parents[3]
SAMPLES = REPOSITORY / ".." / "shared" / "fixtures" / "kiteconnect-mocks"
INFY, NIFTY = 408065, 256265
CUSTOMERS = itertools.count(1)
BUY = {
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "quantity": "10",
    "product": "CNC",
    "order_type": "MARKET",
    "market_protection": "-1",
}

PARSE = """
import base64, json, sys
from kiteconnect import KiteTicker
parser = KiteTicker("k", "t")
print(json.dumps([parser._parse_binary(base64.b64decode(each)) for each in json.load(sys.stdin)],
                 default=str))
"""
LISTEN = """
import json, sys
from kiteconnect import KiteTicker
root, token, = sys.argv[1:]
ticker = KiteTicker("demo", token, root=root, reconnect=False)
seen = {"ticks": [], "orders": []}

def on_connect(ws, response):
    ws.subscribe([408065, 256265])
    ws.set_mode(ws.MODE_FULL, [408065])
    print("listening", flush=True)

def on_ticks(ws, ticks):
    seen["ticks"] += ticks

def on_order_update(ws, order):
    seen["orders"].append(order)
    if order["status"] == "COMPLETE":
        ws.stop()

ticker.on_connect, ticker.on_ticks = on_connect, on_ticks
ticker.on_order_update = on_order_update
ticker.connect()
print(json.dumps(seen, default=str), flush=True)
"""


@pytest.fixture(scope="module")
def kite(tmp_path_factory):
    with simulated_kite(tmp_path_factory.mktemp("keys")) as simulator:
        yield simulator


@pytest.fixture
def token(kite):
    """Of a customer of this test only."""
    return kite.access_token(f"ALICE{next(CUSTOMERS)}")


def listening(kite, token):
    address = kite.url.replace("http", "ws")
    return connect(f"{address}/?api_key=demo&access_token={token}", proxy=None)


def parsed_by_the_sdk(*frames: bytes):
    """In a process of its own: importing KiteTicker installs a reactor for the whole process."""
    told = json.dumps([base64.b64encode(each).decode() for each in frames])
    done = subprocess.run(
        [sys.executable, "-c", PARSE],
        input=told,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def ticks_of(line):
    """The next frame that is no heartbeat."""
    while len(heard := line.recv(timeout=5)) <= 4 or isinstance(heard, str):
        pass
    return heard


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="Zerodha's samples are not beside the repository")
def test_recorded_packets_in_our_frame_are_what_zerodha_says_they_are():
    packets = [
        base64.b64decode((SAMPLES / f"ticker_{mode}.packet").read_text())
        for mode in ("quote", "full")
    ]
    quote, full = (
        json.loads((SAMPLES / f"ticker_{mode}.json").read_text()) for mode in ("quote", "full")
    )

    (ticks,) = parsed_by_the_sdk(frame(packets))

    assert [len(packet) for packet in packets] == [44, 184]
    assert [tick["mode"] for tick in ticks] == ["quote", "full"]
    assert (ticks[0]["last_price"], ticks[0]["ohlc"]) == (1573.15, quote["ohlc"])
    assert ticks[1]["last_price"] == full["last_price"]
    assert ticks[1]["depth"] == full["depth"]


def test_a_subscription_is_answered_with_quotes_that_the_sdk_can_read(kite, token):
    with listening(kite, token) as line:
        line.send(json.dumps({"a": "subscribe", "v": [INFY, NIFTY, 1]}))
        heard = ticks_of(line)
    with kite.as_user(token) as http:
        asked = http.get("/quote", params={"i": ["NSE:INFY", "NSE:NIFTY 50"]}).json()["data"]

    ((infy, nifty),) = parsed_by_the_sdk(heard)
    assert (infy["mode"], infy["instrument_token"], infy["tradable"]) == ("quote", INFY, True)
    assert infy["last_price"] == asked["NSE:INFY"]["last_price"]
    assert infy["ohlc"] == asked["NSE:INFY"]["ohlc"]
    assert infy["volume_traded"] == asked["NSE:INFY"]["volume"]
    assert (nifty["instrument_token"], nifty["tradable"]) == (NIFTY, False)
    assert nifty["ohlc"] == asked["NSE:NIFTY 50"]["ohlc"]


def test_every_mode_of_a_share_and_of_an_index_can_be_read(kite, token):
    heard = []
    for mode in ("ltp", "full"):
        with listening(kite, token) as line:
            line.send(json.dumps({"a": "subscribe", "v": [INFY, NIFTY]}))
            line.send(json.dumps({"a": "mode", "v": [mode, [INFY, NIFTY]]}))
            heard.append(ticks_of(line))
            while len(heard[-1]) not in (2 + 2 * 10, 2 + 186 + 34):
                heard[-1] = ticks_of(line)
    with kite.as_user(token) as http:
        asked = http.get("/quote", params={"i": "NSE:INFY"}).json()["data"]["NSE:INFY"]

    (last, _), (full, index) = parsed_by_the_sdk(*heard)
    assert (last["mode"], last["last_price"]) == ("ltp", asked["last_price"])
    assert (full["mode"], index["mode"]) == ("full", "full")
    assert full["depth"] == asked["depth"]


def test_contracts_tick_too(kite, token):
    listing = listed(OPENING_BELL)
    future = listing.future("NIFTY", listing.future_expiries("NIFTY")[0])
    assert future is not None
    with listening(kite, token) as line:
        line.send(json.dumps({"a": "subscribe", "v": [future.instrument_token]}))
        heard = ticks_of(line)

    ((tick,),) = parsed_by_the_sdk(heard)
    assert tick["instrument_token"] == future.instrument_token


def test_while_nothing_changes_there_are_heartbeats_of_one_byte(kite, token):
    with listening(kite, token) as line:
        assert line.recv(timeout=5) == b"\x00"
        line.send(json.dumps({"a": "subscribe", "v": [INFY]}))
        ticks_of(line)
        assert line.recv(timeout=5) == b"\x00"


def test_what_becomes_of_ones_orders_is_told_to_oneself_only(kite, token):
    with listening(kite, token) as mine, listening(kite, kite.access_token("BOB")) as his:
        with kite.as_user(token) as http:
            order_id = http.post("/orders/regular", data=BUY).json()["data"]["order_id"]
        told: list[dict[str, str]] = []
        while not told or told[-1]["status"] != "COMPLETE":
            heard = mine.recv(timeout=5)
            if isinstance(heard, str):
                message = json.loads(heard)
                assert message["type"] == "order"
                told.append(message["data"])
        his.send(json.dumps({"a": "subscribe", "v": [INFY]}))
        heard = his.recv(timeout=5)
        while isinstance(heard, bytes) and len(heard) <= 4:
            heard = his.recv(timeout=5)

    assert isinstance(heard, bytes)
    assert [order["status"] for order in told] == ["OPEN", "COMPLETE"]
    assert {order["order_id"] for order in told} == {order_id}
    assert misfits(described("kite", "postback"), told[-1]) == []


def test_a_partly_filled_order_is_an_update(kite):
    user = f"ALICE{next(CUSTOMERS)}"
    from infrastructure.simulator.kite.wire import order_request

    slowly = {"broker": "kite", "user": user, "shares_per_fill": 4, "seconds_per_fill": 60}
    kite.http.post("/simulator/fills", json=slowly).raise_for_status()
    feed = Feed(kite.exchange, user, "secret")

    kite.exchange.place("kite", user, order_request("regular", BUY))

    last = json.loads(list(feed.updates())[-1])["data"]
    assert (last["status"], last["filled_quantity"], last["unfilled_quantity"]) == ("UPDATE", 4, 6)
    assert list(feed.updates()) == []


@pytest.mark.parametrize(
    "wrong", ["", "{", "[]", '{"a":"subscribe","v":"x"}', '{"a":"buy","v":[]}']
)
def test_a_message_that_makes_no_sense_is_answered_with_an_error(kite, token, wrong):
    with listening(kite, token) as line:
        line.send(wrong)
        while not isinstance(heard := line.recv(timeout=5), str):
            pass

    assert json.loads(heard) == {"type": "error", "data": "Invalid message."}


def test_a_connection_has_room_for_three_thousand_instruments(kite):
    feed = Feed(kite.exchange, "ALICE", "secret")

    assert feed.wish(json.dumps({"a": "subscribe", "v": list(range(MOST_TOKENS))})) is None
    assert "3000" in str(feed.wish(json.dumps({"a": "subscribe", "v": [INFY]})))
    assert feed.wish(json.dumps({"a": "unsubscribe", "v": [1]})) is None
    assert feed.wish(json.dumps({"a": "subscribe", "v": [INFY]})) is None


def test_without_a_good_token_the_handshake_is_refused(kite):
    with pytest.raises(InvalidStatus) as refused, listening(kite, "wrong"):
        pass

    assert refused.value.response.status_code == 403


def test_a_connection_ends_with_its_token(kite, token):
    with listening(kite, token) as line:
        line.recv(timeout=5)
        with kite.as_user(token) as http:
            http.delete("/session/token", params={"api_key": "demo", "access_token": token})
        ended = list(line)

    assert all(heard == b"\x00" for heard in ended)


def test_the_token_in_the_address_is_in_no_log_line(kite, token, caplog):
    caplog.set_level(logging.DEBUG)
    ours = logging.getLogger("websockets.client")
    ours.setLevel(logging.WARNING)  # this test's own client, which logs what it sends
    with listening(kite, token) as line:
        line.recv(timeout=5)

    assert token not in caplog.text


def test_the_sdks_own_ticker_hears_prices_and_orders(kite, token):
    """In a process of its own: its reactor can be started once per process."""
    address = kite.url.replace("http", "ws") + "/"
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN, address, token],
        stdout=subprocess.PIPE,
        text=True,
    ) as listener:
        assert listener.stdout is not None
        try:
            assert listener.stdout.readline() == "listening\n"
            with kite.as_user(token) as http:
                http.post("/orders/regular", data=BUY).raise_for_status()
            seen = json.loads(listener.stdout.readline())
        finally:
            listener.kill()

    assert [order["status"] for order in seen["orders"]] == ["OPEN", "COMPLETE"]
    assert {tick["instrument_token"] for tick in seen["ticks"]} == {INFY, NIFTY}
    full = [tick for tick in seen["ticks"] if tick["mode"] == "full"]
    assert full[0]["depth"]["buy"][0]["price"] < full[0]["depth"]["sell"][0]["price"]
