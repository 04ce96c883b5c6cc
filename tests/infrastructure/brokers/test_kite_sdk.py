"""What is put right about the SDK, and what must never leave the adapter."""

import logging
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from urllib3.exceptions import HTTPWarning

from application.ports.broker import BrokerDown, LoginRefused, Secrets
from domain.events import OrderPlaced, OrderRejected
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.kite import KiteBroker, client, sdk
from tests.infrastructure.brokers.kite_support import (
    access,
    far_side,
    kite_error,
    logged_in,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def kite(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


def new_clients(root: str = "http://127.0.0.1:9") -> tuple[Any, Any]:
    calls = Calls("kite")
    return tuple(sdk.new_client("k", token, root, calls.line("ALICE")) for token in "ab")  # type: ignore[return-value]


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_importing_the_brokers_imports_no_sdk():
    heavy = "('kiteconnect', 'growwapi', 'dhanhq', 'requests', 'twisted', 'pandas')"

    loaded = run_python(
        "import sys, infrastructure.brokers, infrastructure.brokers.kite\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )

    assert loaded == "[]"


def test_using_the_sdk_installs_no_reactor():
    loaded = run_python(
        "import sys\n"
        "from infrastructure.brokers.calls import Calls\n"
        "from infrastructure.brokers.kite import sdk\n"
        "sdk.new_client('k', 't', None, Calls('kite').line('ALICE'))\n"
        "print('kiteconnect' in sys.modules, 'twisted' in sys.modules, 'autobahn' in sys.modules)"
    )

    assert loaded == "True False False"


def test_clients_share_connections_and_nothing_else():
    one, other = new_clients()

    assert one.reqsession.adapters["https://"] is other.reqsession.adapters["https://"]
    assert one.reqsession.adapters["http://"] is other.reqsession.adapters["https://"]
    assert one.reqsession is not other.reqsession
    assert (one.access_token, other.access_token) == ("a", "b")


def test_a_token_has_one_client_and_the_oldest_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "MOST_CLIENTS", 2)
    broker = KiteBroker("http://127.0.0.1:9", tmp_path)

    first = broker._client(access("a"))
    broker._client(access("b"))
    assert broker._client(access("a")) is first
    broker._client(access("c"))

    assert broker._client(access("a")) is first
    assert len(broker._clients) == 2


def test_warnings_stay_on():
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        new_clients()

        assert ("ignore", None, HTTPWarning, None, 0) not in warnings.filters


def test_a_choice_to_silence_the_warnings_stays_too():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HTTPWarning)
        new_clients()

        assert ("ignore", None, HTTPWarning, None, 0) in warnings.filters


def test_nothing_is_debugged_and_no_cookie_is_kept(kite):
    one, _ = new_clients()
    set_cookie = {"Set-Cookie": "who=alice", "Content-Type": "application/json"}

    with far_side(lambda *_: (200, set_cookie, b'{"data": []}')) as side:
        broker = KiteBroker(side.url, kite.keys_dir)
        for _ in range(2):
            broker.orders(access(), OPENING_BELL)

    assert one.debug is False
    assert "Cookie" not in side.requests[1][2]


def test_neither_proxies_nor_netrc_get_into_the_call(kite, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password x\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    alice = logged_in(kite)

    outcome = KiteBroker(kite.url, kite.keys_dir).place(alice, ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderPlaced)


SECRET_WORDS = ("s3cr3t-key", "s3cr3t-secret", "s3cr3t-request", "s3cr3t-token")


@pytest.mark.parametrize("status", [400, 403, 500])
@pytest.mark.parametrize("error_type", ["TokenException", "InputException", "GeneralException"])
def test_a_refused_login_repeats_nothing_of_the_credentials(tmp_path, status, error_type):
    echo = kite_error(status, error_type, " ".join(SECRET_WORDS))
    credentials = [
        Secrets({"api_key": SECRET_WORDS[0], "access_token": SECRET_WORDS[3]}),
        Secrets(
            {
                "api_key": SECRET_WORDS[0],
                "api_secret": SECRET_WORDS[1],
                "request_token": SECRET_WORDS[2],
            }
        ),
    ]

    with far_side(lambda *_: echo) as side:
        for each in credentials:
            with pytest.raises((LoginRefused, BrokerDown)) as failed:
                KiteBroker(side.url, tmp_path).log_in(each, OPENING_BELL)
            assert "s3cr3t" not in f"{failed.value!r} {failed.value}"
            assert failed.value.__suppress_context__


def test_an_outcome_repeats_neither_token_nor_account(tmp_path):
    words = "Invalid token s3cr3t-token of ALICE"
    with far_side(lambda *_: kite_error(400, "InputException", words)) as side:
        outcome = KiteBroker(side.url, tmp_path).place(
            access("s3cr3t-token"), ticket(), OPENING_BELL
        )

    assert isinstance(outcome, OrderRejected)
    assert outcome.reason == "Kite refused: Invalid token *** of ***"


def test_a_read_that_fails_repeats_nothing(tmp_path):
    echo = (200, {"Content-Type": "text/html"}, b"s3cr3t-token")
    with far_side(lambda *_: echo) as side, pytest.raises(BrokerDown) as failed:
        KiteBroker(side.url, tmp_path).orders(access("s3cr3t-token"), OPENING_BELL)

    assert "s3cr3t" not in str(failed.value)
    assert failed.value.__suppress_context__


def test_nothing_that_stands_for_a_login_shows_its_secrets(kite):
    broker = KiteBroker(kite.url, kite.keys_dir)
    token = kite.access_token("ALICE")

    accepted = broker.log_in(Secrets({"api_key": "demo", "access_token": token}), OPENING_BELL)
    client = broker._client(access(token))

    assert token not in repr([accepted, accepted.secrets, access(token), broker, client])
    assert token not in repr(vars(broker))


def test_no_log_line_holds_a_secret_at_any_level(kite, caplog):
    caplog.set_level(logging.DEBUG)
    broker = KiteBroker(kite.url, kite.keys_dir)
    request_token = kite.request_token("ALICE")
    caplog.clear()  # what the test itself asked for

    accepted = broker.log_in(
        Secrets({"api_key": "demo", "api_secret": "demo-secret", "request_token": request_token}),
        OPENING_BELL,
    )
    alice = access(accepted.secrets["access_token"])
    broker.place(alice, ticket(), OPENING_BELL)
    broker.orders(alice, OPENING_BELL)
    broker.log_out(alice)

    assert "/orders" in caplog.text
    for secret in ("demo-secret", request_token, accepted.secrets["access_token"]):
        assert secret not in caplog.text


def test_the_sdks_slow_parsers_are_out_of_the_way():
    one, _ = new_clients()
    candle = ["2017-12-15T09:15:00+0530", 1704.5, 1705, 1699.25, 1702.8, 2499]

    assert one._format_historical({"candles": [candle]}) == [candle]
    assert one._format_response({"order_timestamp": "2021-05-31 09:18:57"}) == {
        "order_timestamp": "2021-05-31 09:18:57"
    }
    with pytest.raises(NotImplementedError, match="loaded elsewhere"):
        one._parse_instruments(b"instrument_token,exchange_token\n")


def test_no_hook_of_the_sdk_looks_for_an_error_type_that_may_be_missing():
    one, _ = new_clients()

    assert one.session_expiry_hook is None
