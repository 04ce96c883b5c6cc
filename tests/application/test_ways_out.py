"""Every call of an account leaves by the way that is set for it, and by no other."""

import pytest

from application.ports.broker import RateLimited as TooSoon
from application.ports.egress import DIRECT, Egress
from domain.errors import EgressUnavailable, RateLimited
from tests.application.world import ASHA, FIRST, World, context

HER_OWN = Egress(source="10.0.0.5")
ANOTHER = Egress(proxy="http://asha:pr0xy@127.0.0.1:3128")


def test_a_login_its_orders_and_its_end_go_by_the_way_that_is_set_at_the_time(world: World):
    world.egresses.ways[ASHA, "kite"] = HER_OWN
    world.at_kite()
    world.order("k1", broker="kite")
    world.egresses.ways[ASHA, "kite"] = ANOTHER
    world.order("k2", broker="kite")
    world.log_out(context(), world.entered(), ("kite",))

    assert world.kite.logged_in_by == [HER_OWN]
    assert [access.egress for access, _ in world.kite.calls] == [HER_OWN, ANOTHER]
    assert [access.egress for access in world.kite.logged_out] == [ANOTHER]


def test_without_one_calls_leave_directly(world: World):
    world.at_kite()
    world.order("k1", broker="kite")

    assert [access.egress for access, _ in world.kite.calls] == [DIRECT]


def test_an_order_whose_way_cannot_be_read_is_refused_before_anything_is_stored(world: World):
    world.at_kite()
    world.egresses.ways[ASHA, "kite"] = None
    before = world.facts(FIRST)

    with pytest.raises(EgressUnavailable):
        world.order("k1", broker="kite")

    assert world.facts(FIRST) == before
    assert world.kite.calls == []


def test_a_logout_whose_way_cannot_be_read_ends_the_login_here_and_tells_nobody(world: World):
    world.at_kite()
    world.egresses.ways[ASHA, "kite"] = None

    assert world.log_out(context(), world.entered(), ("kite",)) == ("kite",)
    assert world.kite.logged_out == []
    assert "kite" not in world.state(FIRST).logins


def test_a_read_that_comes_too_soon_says_when_to_ask_again(world: World):
    world.at_kite()
    world.kite.book = TooSoon(1.25)

    with pytest.raises(RateLimited, match=r"Next: try again in 1\.2 s"):
        world.read_broker.order_book(context(), world.entered(), "kite")


def test_no_text_of_an_access_shows_a_proxys_password(world: World):
    world.egresses.ways[ASHA, "kite"] = ANOTHER
    world.at_kite()
    world.order("k1", broker="kite")

    assert "pr0xy" not in repr(world.kite.calls)
