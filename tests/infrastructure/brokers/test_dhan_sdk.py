"""What is put right about Dhan's SDK, and what must never leave the adapter."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from application.ports.broker import BrokerDown, LoginRefused, Secrets
from application.ports.egress import DIRECT
from domain.events import OrderPlaced, OrderRejected
from infrastructure import totp
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.dhan import client, sdk
from tests.infrastructure.brokers.dhan_support import access, dhan, dhan_error, logged_in
from tests.infrastructure.brokers.kite_support import TEN_AT_1400, far_side, ticket
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def simulator(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def test_importing_the_adapter_imports_no_sdk():
    loaded = run_python(
        "import sys, infrastructure.brokers.dhan\n"
        "print([name for name in ('dhanhq', 'requests', 'pandas') if name in sys.modules])"
    )

    assert loaded == "[]\n"


def test_a_failing_call_leaves_the_root_logger_and_both_outputs_alone():
    said = run_python(
        "import logging, sys\n"
        "from pathlib import Path\n"
        "from datetime import UTC, datetime\n"
        "from uuid import UUID\n"
        "from application.ports.broker import Access, BrokerDown, Secrets\n"
        "from infrastructure.brokers.dhan import DhanBroker\n"
        "from tests.fakes.instruments import FakeInstruments\n"
        "secrets = Secrets({'client_id': 'ALICE', 'access_token': 's3cr3t'})\n"
        "alice = Access(principal=UUID(int=1), account_id='ALICE', secrets=secrets)\n"
        "try:\n"
        "    broker = DhanBroker('http://127.0.0.1:9', Path('.'), FakeInstruments([]))\n"
        "    broker.orders(alice, datetime.now(UTC))\n"
        "except BrokerDown:\n"
        "    print(logging.getLogger().handlers, 'pandas' in sys.modules)"
    )

    assert said == "[] False\n"


def new_clients() -> tuple[Any, Any]:
    line = Calls("dhan").line("ALICE")
    return tuple(sdk.new_client("ALICE", each, "http://127.0.0.1:9", line) for each in "ab")  # type: ignore[return-value]


def test_clients_share_connections_and_nothing_else():
    one, other = (client.dhan_http for client in new_clients())

    assert one.session.adapters["https://"] is other.session.adapters["https://"]
    assert one.session is not other.session
    assert (one.header["access-token"], other.header["access-token"]) == ("a", "b")


def test_a_token_has_one_client_and_the_oldest_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "MOST_CLIENTS", 2)
    broker = dhan("http://127.0.0.1:9", tmp_path)

    first = broker._client(access("a"))
    broker._client(access("b"))
    assert broker._client(access("a")) is first
    broker._client(access("c"))

    assert broker._client(access("a")) is first
    assert len(broker._clients) == 2


def test_logging_in_leaves_everybody_elses_connections_open(simulator, monkeypatch):
    broker = dhan(simulator.url, simulator.keys_dir)
    alice = logged_in(simulator)
    broker.orders(alice, OPENING_BELL)
    transport = broker._calls.transport(DIRECT)
    monkeypatch.setattr(transport, "close", lambda: pytest.fail("the connections were closed"))

    secret = simulator.http.post("/simulator/users", json={"broker": "dhan", "user": "BOB"})
    credentials = {"client_id": "BOB", "password": "123456", **secret.json()}
    broker.log_in(Secrets(credentials), OPENING_BELL)


def test_neither_proxies_nor_netrc_get_into_the_call(simulator, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password x\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    alice = logged_in(simulator)

    outcome = dhan(simulator.url, simulator.keys_dir).place(alice, ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderPlaced)


SECRET_WORDS = ("s3cr3t-pin", "s3cr3t-token")


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
def test_a_refused_login_repeats_nothing_of_the_credentials(tmp_path, status):
    echo = dhan_error(status, "DH-901", " ".join(SECRET_WORDS))
    credentials = [
        {"access_token": SECRET_WORDS[1]},
        {"password": SECRET_WORDS[0], "totp_secret": "GEZDGNBVGY3TQOJQ"},
    ]

    with far_side(lambda *_: echo) as side:
        for each in credentials:
            with pytest.raises((LoginRefused, BrokerDown)) as failed:
                dhan(side.url, tmp_path).log_in(
                    Secrets({"client_id": "ALICE", **each}), OPENING_BELL
                )
            assert "s3cr3t" not in f"{failed.value!r} {failed.value}"
            assert failed.value.__suppress_context__


def test_a_login_that_finds_nobody_repeats_neither_pin_nor_code(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    credentials = {"client_id": "A", "password": "s3cr3t-pin", "totp_secret": "GEZDGNBVGY3TQOJQ"}

    with pytest.raises(BrokerDown) as failed:
        dhan("http://127.0.0.1:9", tmp_path).log_in(Secrets(credentials), OPENING_BELL)

    shown = totp.code("GEZDGNBVGY3TQOJQ", OPENING_BELL)
    for secret in ("s3cr3t-pin", shown):
        assert secret not in f"{failed.value} {caplog.text}"


def test_an_outcome_repeats_neither_token_nor_account(tmp_path):
    words = "Invalid token s3cr3t-token of ALICE"
    with far_side(lambda *_: dhan_error(400, "DH-905", words)) as side:
        outcome = dhan(side.url, tmp_path).place(access("s3cr3t-token"), ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderRejected)
    assert outcome.reason == "Dhan refused: Invalid token *** of ***"


def test_no_cookie_is_kept(tmp_path):
    kept = {"Set-Cookie": "who=alice", "Content-Type": "application/json"}
    with far_side(lambda *_: (200, kept, b"[]")) as side:
        broker = dhan(side.url, tmp_path)
        for _ in range(2):
            broker.orders(access(), OPENING_BELL)

    assert "Cookie" not in side.requests[1][2]


def test_nothing_shows_or_logs_or_prints_a_secret(simulator, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    broker = dhan(simulator.url, simulator.keys_dir)
    user = simulator.http.post("/simulator/users", json={"broker": "dhan", "user": "ALICE"}).json()
    caplog.clear()  # what the test itself asked for

    accepted = broker.log_in(
        Secrets(
            {"client_id": "ALICE", "password": user["pin"], "totp_secret": user["totp_secret"]}
        ),
        OPENING_BELL,
    )
    alice = access(accepted.secrets["access_token"])
    for fault in ("drop_after", "html502", "status:500"):
        simulator.fault(fault=fault, route="/v2/orders")
        broker.place(alice, ticket(), OPENING_BELL)
    broker.orders(alice, OPENING_BELL)
    broker.log_out(alice)

    seen = caplog.text + repr([accepted, alice, broker, vars(broker), broker._client(alice)])
    assert "/v2/orders" in caplog.text
    for secret in (
        user["pin"],
        user["totp_secret"],
        totp.code(user["totp_secret"], OPENING_BELL),
        accepted.secrets["access_token"],
    ):
        assert secret not in seen
    assert capfd.readouterr().out == ""


def test_a_context_that_the_sdk_could_not_make_and_says_nothing_about_sends_nothing(
    tmp_path, monkeypatch
):
    """DhanContext swallows what goes wrong in its own constructor."""

    def broken(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("dhanhq.dhan_context.DhanHTTP", broken)
    outcome = dhan("http://127.0.0.1:9", tmp_path).place(access(), ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderRejected)
    assert (outcome.code, outcome.reached_broker) == ("NEVER_SENT", False)


def test_what_the_sdk_refuses_by_itself_it_neither_logs_nor_sends(tmp_path, caplog):
    """It answers like a failed call, and says so through the root logger."""
    caplog.set_level(logging.DEBUG)
    with far_side(lambda *_: (200, {}, b"{}")) as side:
        refused = dhan(side.url, tmp_path)._client(access())
        with pytest.raises(sdk.NoAnswer) as nothing:
            sdk.asked(
                refused,
                lambda each: each.historical_daily_data(
                    security_id="1",
                    exchange_segment="NSE_EQ",
                    instrument_type="EQUITY",
                    from_date="2026-11-20",
                    to_date="2026-11-21",
                    expiry_code=9,
                ),
            )

    assert not nothing.value.was_sent
    assert side.asked == []
    assert "expiry_code" not in caplog.text


def test_an_after_market_order_says_when_it_is_to_be_sent(tmp_path):
    later = replace(TEN_AT_1400, variety="amo")
    with far_side(lambda *_: dhan_error(400, "DH-905", "no")) as side:
        broker = dhan(side.url, tmp_path)
        for terms in (later, TEN_AT_1400):
            broker.place(access(), ticket(terms), OPENING_BELL)

    amo, regular = (json.loads(body) for _, _, _, body in side.requests)
    assert (amo["afterMarketOrder"], amo["amoTime"]) == (True, "OPEN")
    assert regular["afterMarketOrder"] is False
    assert "amoTime" not in regular
