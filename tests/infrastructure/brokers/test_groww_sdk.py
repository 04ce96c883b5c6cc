"""What is put right about Groww's SDK, and what must never leave the adapter."""

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from application.ports.broker import BrokerDown, LoginRefused, Secrets
from domain.events import OrderPlaced, OrderRejected
from infrastructure.brokers.calls import Calls, TimeOuts
from infrastructure.brokers.groww import client, sdk
from tests.infrastructure.brokers.groww_support import (
    access,
    groww,
    groww_error,
    logged_in,
    payload,
)
from tests.infrastructure.brokers.kite_support import as_json, far_side, ticket
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
    return done.stdout


def test_importing_the_adapter_imports_no_sdk():
    heavy = "('growwapi', 'requests', 'pandas', 'colorama')"

    loaded = run_python(
        "import sys, infrastructure.brokers.groww\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )

    assert loaded == "[]\n"


def test_using_the_sdk_brings_neither_pandas_nor_nats_and_prints_nothing():
    loaded = run_python(
        "import sys\n"
        "before = sys.stdout, sys.stderr\n"
        "from infrastructure.brokers.calls import Calls\n"
        "from infrastructure.brokers.groww import sdk\n"
        "for token in range(300):\n"
        "    sdk.new_client(str(token), 'http://127.0.0.1:9', Calls('groww').line('ALICE'))\n"
        "names = ('growwapi.groww.client', 'pandas', 'nats', 'google.protobuf', 'nacl')\n"
        "print([name in sys.modules for name in names], (sys.stdout, sys.stderr) == before)"
    )

    assert loaded == "[True, False, False, False, False] True\n"


def test_what_stood_in_for_pandas_is_gone_again():
    assert (
        run_python(
            "from infrastructure.brokers.groww import sdk\n"
            "import importlib.util\n"
            "print(importlib.util.find_spec('pandas').origin is not None)"
        )
        == "True\n"
    )


def new_clients() -> tuple[Any, Any]:
    calls = Calls("groww")
    return tuple(sdk.new_client(each, "http://127.0.0.1:9", calls.line("ALICE")) for each in "ab")  # type: ignore[return-value]


def test_clients_share_connections_and_nothing_else():
    one, other = new_clients()

    assert one._session.adapters["https://"] is other._session.adapters["https://"]
    assert one._session is not other._session
    assert (one.token, other.token) == ("a", "b")


def test_a_token_has_one_client_and_the_oldest_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "MOST_CLIENTS", 2)
    broker = groww("http://127.0.0.1:9", tmp_path)

    first = broker._client(access("a"))
    broker._client(access("b"))
    assert broker._client(access("a")) is first
    broker._client(access("c"))

    assert broker._client(access("a")) is first
    assert len(broker._clients) == 2


def test_the_constructor_that_asks_for_a_changelog_and_prints_is_never_run(tmp_path, capfd):
    with far_side(lambda *_: payload({})) as side:
        client = groww(side.url, tmp_path)._client(access())

    assert (side.asked, capfd.readouterr().out) == ([], "")
    assert vars(client).keys() == {"domain", "token", "instruments", "_session"}


@pytest.mark.parametrize(
    "said",
    [None, [], [{"a": 1, "b": 2}], [["a", 1]], "yes", 7],
    ids=["null", "empty list", "two-key objects", "pairs", "text", "number"],
)
def test_a_payload_that_the_sdk_would_bend_into_a_dictionary_is_no_answer(tmp_path, said):
    """`dict([{"a": 1, "b": 2}])` is `{"a": "b"}`."""
    with far_side(lambda *_: payload(said)) as side:
        client = groww(side.url, tmp_path)._client(access())
        with pytest.raises(ValueError, match="no payload"):
            client.get_order_list(0, segment="CASH")


@pytest.mark.parametrize("body", [[], [{}], "no", None])
def test_an_answer_that_is_no_object_is_no_answer(tmp_path, body):
    with far_side(lambda *_: as_json(200, body)) as side:
        client = groww(side.url, tmp_path)._client(access())
        with pytest.raises(ValueError, match="not a JSON object"):
            client.get_user_profile()


def test_calls_that_the_sdk_gives_no_time_out_have_ours(simulator):
    calls = Calls("groww", time_outs=TimeOuts(read=0.1, retrying=0.1))
    alice = logged_in(simulator)
    client: Any = groww(simulator.url, simulator.keys_dir, calls)._client(alice)
    simulator.fault(fault="hang", route="/v1/live-data/greeks", calls=3)

    with pytest.raises(requests.Timeout):
        client.get_greeks("NSE", "NIFTY", "NIFTY26D0124650CE", "2026-12-01")


def test_what_the_sdk_asks_beside_the_body_is_asked(tmp_path):
    """It hands the segment of a margin to `requests.post` as a query."""
    with far_side(lambda *_: payload({})) as side:
        groww(side.url, tmp_path)._client(access()).get_order_margin_details("FNO", [])

    assert side.asked == ["POST /v1/margins/detail/orders?segment=FNO"]


def test_the_page_that_the_sdk_forgets_without_a_segment_is_never_asked_for_without(tmp_path):
    with far_side(lambda *_: payload({"order_list": []})) as side:
        groww(side.url, tmp_path).orders(access(), OPENING_BELL)

    assert side.asked == [
        "GET /v1/order/list?segment=CASH&page=0",
        "GET /v1/order/list?segment=FNO&page=0",
    ]


def test_the_sdks_instruments_which_write_into_its_own_folder_cannot_be_used():
    one, _ = new_clients()

    with pytest.raises(NotImplementedError):
        one.get_instrument_by_exchange_token("1594")


def test_neither_proxies_nor_netrc_get_into_the_call(simulator, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password x\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    alice = logged_in(simulator)

    outcome = groww(simulator.url, simulator.keys_dir).place(alice, ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderPlaced)


SECRET_WORDS = ("s3cr3t-key", "s3cr3t-secret", "s3cr3t-token")


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
def test_a_refused_login_repeats_nothing_of_the_credentials(tmp_path, status):
    echo = groww_error(status, "GA005", " ".join(SECRET_WORDS))
    credentials = [
        Secrets({"access_token": SECRET_WORDS[2]}),
        Secrets({"api_key": SECRET_WORDS[0], "api_secret": SECRET_WORDS[1]}),
        Secrets({"api_key": SECRET_WORDS[0], "totp_secret": "GEZDGNBVGY3TQOJQ"}),
    ]

    with far_side(lambda *_: echo) as side:
        for each in credentials:
            with pytest.raises((LoginRefused, BrokerDown)) as failed:
                groww(side.url, tmp_path).log_in(each, OPENING_BELL)
            assert "s3cr3t" not in f"{failed.value!r} {failed.value}"
            assert failed.value.__suppress_context__


def test_an_outcome_repeats_neither_token_nor_account(tmp_path):
    words = "Invalid token s3cr3t-token of ALICE"
    with far_side(lambda *_: groww_error(400, "GA001", words)) as side:
        outcome = groww(side.url, tmp_path).place(access("s3cr3t-token"), ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderRejected)
    assert outcome.reason == "Groww refused: Invalid token *** of ***"


def test_no_cookie_is_kept(tmp_path):
    kept = {"Set-Cookie": "who=alice", "Content-Type": "application/json"}
    empty = as_json(200, {"status": "SUCCESS", "payload": {"order_list": []}})[2]
    with far_side(lambda *_: (200, kept, empty)) as side:
        groww(side.url, tmp_path).orders(access(), OPENING_BELL)

    assert "Cookie" not in side.requests[1][2]


def test_nothing_shows_or_logs_or_prints_a_secret(simulator, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    broker = groww(simulator.url, simulator.keys_dir)
    app = simulator.http.post("/simulator/apps", json={"broker": "groww", "api_key": "alice"})
    caplog.clear()  # what the test itself asked for

    accepted = [
        broker.log_in(Secrets({"api_key": "alice", **proof}), OPENING_BELL)
        for proof in (
            {"totp_secret": app.json()["totp_secret"]},
            {"api_secret": "alice-secret"},
        )
    ]
    alice = access(accepted[0].secrets["access_token"])
    simulator.fault(fault="drop_after", route="/v1/order/create")
    broker.place(alice, ticket(), OPENING_BELL)
    broker.orders(alice, OPENING_BELL)
    broker.log_out(alice)

    seen = caplog.text + repr([accepted, alice, broker, vars(broker), broker._client(alice)])
    assert "/v1/order/list" in caplog.text
    for secret in (
        "alice-secret",
        app.json()["totp_secret"],
        *(each.secrets["access_token"] for each in accepted),
    ):
        assert secret not in seen
    assert capfd.readouterr().out == ""
