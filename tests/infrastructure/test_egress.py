"""How a way out is written, kept and read again."""

from uuid import UUID

import pytest

from application.ports.egress import DIRECT, Egress
from domain.errors import EgressUnavailable, InvalidArgument
from infrastructure.egress import SealedEgresses, parse_egress, shown
from infrastructure.sealing import Sealing
from infrastructure.vault import SealedVault

ASHA, BOB = UUID(int=1), UUID(int=2)
PROXY = Egress(proxy="http://asha:pr0xy@proxy.example:3128")


@pytest.fixture
def egresses(engine, keys) -> SealedEgresses:
    return SealedEgresses(engine, SealedVault(engine, keys))


@pytest.mark.parametrize(
    ("text", "egress", "again"),
    [
        ("direct", DIRECT, "direct"),
        ("source:10.0.0.5", Egress(source="10.0.0.5"), "source:10.0.0.5"),
        ("source:2001:DB8::1\n", Egress(source="2001:db8::1"), "source:2001:db8::1"),
        (
            "proxy:http://p.example:1",
            Egress(proxy="http://p.example:1"),
            "proxy:http://p.example:1",
        ),
        (
            "proxy:socks5h://u:p@[::1]:1",
            Egress(proxy="socks5h://u:p@[::1]:1"),
            "proxy:socks5h://***@[::1]:1",
        ),
    ],
)
def test_a_way_is_read_and_shown_without_its_password(text, egress, again):
    assert parse_egress(text) == egress
    assert shown(egress) == again


@pytest.mark.parametrize(
    "text",
    [
        "",
        "source:",
        "source:home",
        "source:10.0.0.5:80",
        "proxy:p.example:1",
        "proxy:http://p.example",
        "proxy:http://:1",
        "proxy:http://p.example:99999",
        "proxy:ftp://p.example:1",
        "proxy:http://u:s3cret@p.example:1/path",
        "proxy:http://u:s3cret@p.example:1?q",
        "10.0.0.5",
    ],
)
def test_what_is_no_way_is_refused_in_words_that_do_not_repeat_it(text):
    with pytest.raises(InvalidArgument) as refused:
        parse_egress(text)

    assert "s3cret" not in str(refused.value)


def test_nobody_has_a_way_of_their_own_at_first(egresses):
    assert egresses.of(ASHA, "kite") == DIRECT
    assert list(egresses.all()) == []


def test_a_way_belongs_to_one_person_and_one_broker_and_the_last_one_holds(egresses):
    egresses.set(ASHA, "kite", Egress(source="10.0.0.5"))
    egresses.set(ASHA, "kite", PROXY)
    egresses.set(BOB, "dhan", Egress(source="10.0.0.6"))

    assert egresses.of(ASHA, "kite") == PROXY
    assert egresses.of(ASHA, "dhan") == egresses.of(BOB, "kite") == DIRECT
    assert sorted(egresses.all(), key=str) == [
        (ASHA, "kite", PROXY),
        (BOB, "dhan", Egress(source="10.0.0.6")),
    ]


def test_direct_takes_the_way_away(egresses):
    egresses.set(ASHA, "kite", PROXY)
    egresses.set(ASHA, "kite", DIRECT)

    assert list(egresses.all()) == []


def test_a_way_that_cannot_be_read_any_more_is_refused_and_never_direct(egresses, keys):
    egresses.set(ASHA, "kite", PROXY)
    keys.delete(f"principal-{ASHA.hex}")

    with pytest.raises(EgressUnavailable, match="egress set"):
        egresses.of(ASHA, "kite")
    assert list(egresses.all()) == [(ASHA, "kite", None)]


def test_nothing_of_a_proxy_is_stored_in_clear(egresses, engine, keys):
    egresses.set(ASHA, "kite", PROXY)

    with engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT sealed FROM egresses").scalar_one()
    assert "pr0xy" not in stored
    assert Sealing(keys).unseal(ASHA, stored) == f"proxy:{PROXY.proxy}"
    assert "pr0xy" not in repr(PROXY)
