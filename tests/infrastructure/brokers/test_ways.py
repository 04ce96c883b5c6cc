"""By which way orders leave, as the far side sees it; and that they do not leave by another."""

import logging
from dataclasses import replace

import pytest

from application.ports.egress import DIRECT, Egress
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected
from infrastructure.brokers.calls import Calls, NotSent
from infrastructure.brokers.connections import Transport
from infrastructure.brokers.kite import KiteBroker
from infrastructure.brokers.transport import Session
from tests.infrastructure.brokers import dhan_support, groww_support, kite_support
from tests.infrastructure.brokers.kite_support import ticket
from tests.infrastructure.brokers.network import (
    answering,
    endpoint,
    forward_proxy,
    hanging_up,
    http_answer,
    socks_proxy,
)
from tests.infrastructure.simulator.support import OPENING_BELL

ORDER = "/orders/regular"
ITS_OWN = Egress(source="127.0.0.77")
NOT_HERE = Egress(source="192.0.2.1")  # TEST-NET-1: nobody has it
NOBODY = "127.0.0.1:9"
YES = (
    b'{"status": "success", "data": {"order_id": "1"}, "payload": {"groww_order_id": "1"}, '
    b'"orderId": "1", "orderStatus": "TRANSIT"}'
)
"""Each broker finds its own yes in it."""
BROKERS = [
    pytest.param(KiteBroker, kite_support.access(), id="kite"),
    pytest.param(groww_support.groww, groww_support.access(), id="groww"),
    pytest.param(dhan_support.dhan, dhan_support.access(), id="dhan"),
]


def session(egress: Egress) -> Session:
    return Session(Calls("kite").line("ALICE", egress))


def through(proxy_port: int, scheme: str = "http", login: str = "") -> Egress:
    return Egress(proxy=f"{scheme}://{login}127.0.0.1:{proxy_port}")


# Through the real SDKs


@pytest.mark.parametrize(("make", "access"), BROKERS)
def test_an_order_leaves_from_the_accounts_own_address(make, access, tmp_path):
    with endpoint(answering(http_answer(200, YES))) as wire:
        outcome = make(wire.url, tmp_path).place(
            replace(access, egress=ITS_OWN), ticket(), OPENING_BELL
        )

    assert isinstance(outcome, OrderPlaced)
    assert wire.peers == ["127.0.0.77"]


@pytest.mark.parametrize(("make", "access"), BROKERS)
def test_an_order_leaves_through_the_accounts_own_proxy(make, access, tmp_path):
    with (
        endpoint(answering(http_answer(200, YES))) as wire,
        forward_proxy(password="pr0xy") as proxy,
    ):
        egress = through(proxy.port, login="asha:pr0xy@")
        outcome = make(wire.url, tmp_path).place(
            replace(access, egress=egress), ticket(), OPENING_BELL
        )

    assert isinstance(outcome, OrderPlaced)
    assert [head.split()[1].startswith(wire.url) for head in proxy.heads] == [True]


@pytest.mark.parametrize(("make", "access"), BROKERS)
def test_an_order_whose_address_this_machine_does_not_have_is_never_sent(make, access, tmp_path):
    with endpoint() as wire:
        outcome = make(wire.url, tmp_path).place(
            replace(access, egress=NOT_HERE), ticket(), OPENING_BELL
        )

    assert isinstance(outcome, OrderRejected)
    assert (outcome.code, outcome.reached_broker) == ("EGRESS_UNAVAILABLE", False)
    assert wire.connections == 0


@pytest.mark.parametrize(("make", "access"), BROKERS)
def test_an_order_whose_proxy_is_away_is_never_sent(make, access, tmp_path):
    with endpoint() as wire:
        outcome = make(wire.url, tmp_path).place(
            replace(access, egress=Egress(proxy=f"http://asha:pr0xy@{NOBODY}")),
            ticket(),
            OPENING_BELL,
        )

    assert isinstance(outcome, OrderRejected)
    assert (outcome.code, outcome.reached_broker) == ("EGRESS_UNAVAILABLE", False)
    assert "pr0xy" not in outcome.reason
    assert wire.connections == 0


@pytest.mark.parametrize(("make", "access"), BROKERS)
def test_another_way_holds_for_the_next_call_of_the_same_login(make, access, tmp_path):
    with endpoint(answering(http_answer(200, YES))) as wire:
        broker = make(wire.url, tmp_path)
        for egress in (DIRECT, ITS_OWN, DIRECT):
            broker.place(replace(access, egress=egress), ticket(), OPENING_BELL)

    assert wire.peers == ["127.0.0.1", "127.0.0.77", "127.0.0.1"]


@pytest.mark.parametrize(("make", "access"), BROKERS)
def test_whatever_a_proxy_leads_to_is_live(make, access, tmp_path):
    with kite_support.far_side(lambda *_: kite_support.as_json(200, {})) as side:
        assert make(side.url, tmp_path).mode(through(1)) == "LIVE"


# Below them


def test_two_accounts_with_two_addresses_share_no_connection():
    calls = Calls("kite")
    with endpoint() as wire:
        Session(calls.line("ALICE", ITS_OWN)).post(f"{wire.url}{ORDER}")
        Session(calls.line("BOB", Egress(source="127.0.0.78"))).post(f"{wire.url}{ORDER}")

    assert wire.peers == ["127.0.0.77", "127.0.0.78"]


def test_accounts_with_the_same_way_share_its_connections():
    calls = Calls("kite")
    with endpoint() as wire:
        for account in ("ALICE", "BOB"):
            Session(calls.line(account, ITS_OWN)).post(f"{wire.url}{ORDER}")

    assert wire.connections == 1


def test_a_session_with_another_ways_connections_sends_nothing():
    with endpoint() as wire:
        asked = session(ITS_OWN)
        asked.mount("http://", Transport(DIRECT))
        with pytest.raises(NotSent) as refused:
            asked.post(f"{wire.url}{ORDER}")

    assert refused.value.code == "EGRESS_UNAVAILABLE"
    assert wire.connections == 0


def test_connections_that_lead_another_way_than_they_say_send_nothing():
    """As when a library's new release no longer passes the address on to the socket."""
    with endpoint() as wire:
        asked = session(ITS_OWN)
        transport = asked.get_adapter(wire.url)
        assert isinstance(transport, Transport)
        transport.poolmanager.connection_pool_kw.pop("source_address")
        with pytest.raises(NotSent) as refused:
            asked.post(f"{wire.url}{ORDER}")

    assert refused.value.code == "EGRESS_UNAVAILABLE"
    assert wire.heads == []


def test_a_proxy_that_wants_another_password_sends_nothing_and_it_is_no_placed_order():
    with endpoint() as wire, forward_proxy(password="right") as proxy:
        answer = session(through(proxy.port, login="asha:wrong@")).post(f"{wire.url}{ORDER}")

    assert answer.status_code == 407
    assert wire.heads == []


def test_an_order_to_a_tls_address_goes_through_a_tunnel():
    with forward_proxy(password="pr0xy") as proxy, pytest.raises(NotSent) as refused:
        session(through(proxy.port, login="asha:pr0xy@")).post(f"https://{NOBODY}{ORDER}")

    assert [head.split()[:2] for head in proxy.heads] == [["CONNECT", NOBODY]]
    assert refused.value.code == "EGRESS_UNAVAILABLE"


def test_a_tunnel_that_is_refused_proves_that_nothing_was_sent():
    with endpoint() as wire, forward_proxy(refuses=True) as proxy:
        secure = wire.url.replace("http", "https")
        with pytest.raises(NotSent) as refused:
            session(through(proxy.port)).post(f"{secure}{ORDER}")

    assert refused.value.code == "EGRESS_UNAVAILABLE"
    assert wire.connections == 0


def test_a_proxy_may_have_an_address_of_the_sixth_version():
    with endpoint() as wire, forward_proxy() as proxy:
        session(Egress(proxy=f"http://[::ffff:127.0.0.1]:{proxy.port}")).post(f"{wire.url}{ORDER}")

    assert len(proxy.heads) == len(wire.heads) == 1


def test_an_order_goes_through_a_socks_proxy():
    with endpoint() as wire, socks_proxy() as proxy:
        session(through(proxy.port, "socks5")).post(f"{wire.url}{ORDER}")

    assert proxy.heads == [f"127.0.0.1:{wire.port}"]
    assert len(wire.heads) == 1


def test_the_environments_proxies_change_nothing(monkeypatch):
    with endpoint() as wire, forward_proxy() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        session(DIRECT).post(f"{wire.url}{ORDER}")
        session(ITS_OWN).post(f"{wire.url}{ORDER}")

    assert (proxy.connections, wire.peers) == (0, ["127.0.0.1", "127.0.0.77"])


def test_nothing_shows_or_logs_a_proxys_password(caplog):
    caplog.set_level(logging.DEBUG)
    egress = Egress(proxy=f"http://asha:pr0xy@{NOBODY}")
    asked = session(egress)
    with pytest.raises(NotSent) as refused:
        asked.post(f"http://{NOBODY}{ORDER}")
    with forward_proxy(password="pr0xy") as proxy, endpoint() as wire:
        session(through(proxy.port, login="asha:pr0xy@")).get(f"{wire.url}/orders")

    line = Calls("kite").line("ALICE", egress)
    assert "pr0xy" not in caplog.text + repr([egress, line, refused.value, vars(asked)])


def test_the_outcome_of_an_order_into_a_proxy_that_falls_silent_is_unknown(tmp_path):
    with endpoint(hanging_up) as wire, forward_proxy() as proxy:
        access = replace(kite_support.access(), egress=through(proxy.port))
        outcome = KiteBroker(wire.url, tmp_path).place(access, ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderOutcomeUnknown)
