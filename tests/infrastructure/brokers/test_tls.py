"""Brokers are reached over TLS only: who they are is checked, through tunnels as well."""

from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
import requests

from application.ports.egress import DIRECT, Egress
from infrastructure.brokers import connections
from infrastructure.brokers.calls import Calls, NotSent, TimeOuts
from infrastructure.brokers.transport import Session
from tests.infrastructure.brokers.network import (
    Endless,
    Wire,
    endpoint,
    forward_proxy,
    silent,
    socks_proxy,
)
from tests.support.waiting import wait_until

ORDER = "/orders/regular"


@pytest.fixture
def trusting(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This certificate is the one authority of the world."""
    monkeypatch.setattr(certifi, "where", lambda: str(certificate))
    connections._tls.cache_clear()
    yield
    connections._tls.cache_clear()


def session(egress: Egress = DIRECT, time_outs: TimeOuts | None = None) -> Session:
    return Session(Calls("kite", time_outs=time_outs).line("ALICE", egress))


def secure(wire: Wire) -> str:
    return f"https://127.0.0.1:{wire.port}"


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize("egress", [DIRECT, Egress(source="127.0.0.77")], ids=["direct", "source"])
def test_orders_reach_a_far_side_that_is_trusted_over_one_connection(server_side, egress):
    with endpoint(tls=server_side) as wire:
        asked = session(egress)
        answers = [asked.post(f"{secure(wire)}{ORDER}").status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert set(wire.peers) == {egress.source or "127.0.0.1"}
    assert wire.connections == 1


def test_a_far_side_that_nobody_vouches_for_gets_nothing(server_side):
    with endpoint(tls=server_side) as wire:
        with pytest.raises(NotSent) as refused:
            session().post(f"{secure(wire)}{ORDER}")
        with pytest.raises(requests.exceptions.SSLError):
            session().get(f"{secure(wire)}/orders")

    assert refused.value.code == "NEVER_SENT"
    assert wire.heads == []


@pytest.mark.usefixtures("trusting")
def test_a_far_side_with_anothers_certificate_gets_nothing(server_side):
    with endpoint(tls=server_side) as wire, pytest.raises(NotSent):
        session().post(f"https://localhost:{wire.port}{ORDER}")

    assert wire.heads == []


@pytest.mark.usefixtures("trusting")
def test_an_order_goes_through_a_tunnel(server_side):
    with endpoint(tls=server_side) as wire, forward_proxy(password="pr0xy") as proxy:
        egress = Egress(proxy=f"http://asha:pr0xy@127.0.0.1:{proxy.port}")
        answer = session(egress).post(f"{secure(wire)}{ORDER}")

    assert answer.status_code == 200
    assert [head.split()[:2] for head in proxy.heads] == [["CONNECT", f"127.0.0.1:{wire.port}"]]


@pytest.mark.usefixtures("trusting")
def test_an_order_goes_through_a_proxy_that_speaks_tls_itself(server_side):
    with endpoint(tls=server_side) as wire, forward_proxy(tls=server_side) as proxy:
        answer = session(Egress(proxy=f"https://127.0.0.1:{proxy.port}")).post(
            f"{secure(wire)}{ORDER}"
        )

    assert answer.status_code == 200
    assert len(proxy.heads) == len(wire.heads) == 1


@pytest.mark.usefixtures("trusting")
def test_an_order_goes_through_socks(server_side):
    with endpoint(tls=server_side) as wire, socks_proxy() as proxy:
        answer = session(Egress(proxy=f"socks5h://127.0.0.1:{proxy.port}")).post(
            f"{secure(wire)}{ORDER}"
        )

    assert answer.status_code == 200
    assert proxy.heads == [f"127.0.0.1:{wire.port}"]


@pytest.mark.usefixtures("trusting")
def test_an_endless_answer_is_given_up_under_tls_too(server_side):
    endless = Endless(every_seconds=0.02)
    with endpoint(endless, tls=server_side) as wire:
        with pytest.raises(requests.ConnectionError):
            session(time_outs=TimeOuts(whole=0.5)).post(f"{secure(wire)}{ORDER}")
        wait_until(lambda: endless.given_up == 1, "the far side saw us leave")


def test_a_far_side_that_never_shakes_hands_gets_nothing():
    with endpoint(silent) as wire, pytest.raises(NotSent):
        session(time_outs=TimeOuts(connect=0.2)).post(f"{secure(wire)}{ORDER}")

    assert wire.heads == []


@pytest.mark.usefixtures("trusting")
def test_all_brokers_and_ways_share_one_context(server_side):
    used = set()
    with endpoint(tls=server_side) as wire:
        for egress in (DIRECT, Egress(source="127.0.0.77")):
            transport = session(egress).get_adapter(secure(wire))
            request = requests.Request("GET", f"{secure(wire)}/orders").prepare()
            assert isinstance(transport, connections.Transport)
            used.add(
                transport.get_connection_with_tls_context(request, True).conn_kw["ssl_context"]
            )

    assert len(used) == 1
