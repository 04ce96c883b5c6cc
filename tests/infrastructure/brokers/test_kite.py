"""The Kite adapter, the real SDK and the simulator together."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from application.ports.broker import Broker, BrokerDown, LoginExpired, LoginRefused, Secrets
from domain.events import OrderPlaced
from domain.vocabulary import OrderTerms
from infrastructure.brokers.kite import KiteBroker
from infrastructure.brokers.kite.map_orders import order_arguments
from infrastructure.brokers.logins import next_six_ist
from tests.infrastructure.brokers.kite_support import (
    TAG,
    TEN_AT_1400,
    access,
    far_side,
    kite_error,
    logged_in,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite


@pytest.fixture
def kite(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


@pytest.fixture
def broker(kite) -> Broker:
    return KiteBroker(kite.url, kite.keys_dir)


def test_a_request_token_logs_in_until_six_in_the_morning(kite, broker):
    credentials = Secrets(
        {
            "api_key": "demo",
            "api_secret": "demo-secret",
            "request_token": kite.request_token("ALICE"),
        }
    )

    accepted = broker.log_in(credentials, OPENING_BELL)

    assert (accepted.account_id, accepted.account_name) == ("ALICE", "Alice")
    assert accepted.expires_at == datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
    assert sorted(accepted.secrets) == ["access_token", "api_key"]


def test_the_address_that_the_login_sent_one_to_will_do_as_a_request_token(kite, broker):
    pasted = f" https://app.example/back?status=success&request_token={kite.request_token('BOB')} "

    accepted = broker.log_in(
        Secrets({"api_key": "demo", "api_secret": "demo-secret", "request_token": pasted}),
        OPENING_BELL,
    )

    assert accepted.account_id == "BOB"


def test_an_access_token_is_verified_before_it_is_accepted(kite, broker):
    token = kite.access_token("BOB")

    accepted = broker.log_in(Secrets({"api_key": "demo", "access_token": token}), OPENING_BELL)

    assert accepted.account_id == "BOB"
    assert accepted.secrets["access_token"] == token


@pytest.mark.parametrize(
    ("credentials", "code"),
    [
        ({}, "MISSING_ARGUMENT"),
        ({"api_key": " "}, "MISSING_ARGUMENT"),
        ({"api_key": "demo"}, "MISSING_ARGUMENT"),
        ({"api_key": "demo", "request_token": "x"}, "MISSING_ARGUMENT"),
        ({"api_key": "demo", "access_token": "x\ny"}, "MALFORMED_ARGUMENT"),
        ({"api_key": "de:mo", "access_token": "x"}, "MALFORMED_ARGUMENT"),
        ({"api_key": "demo", "access_token": "wrong"}, "TOKEN_REFUSED"),
        ({"api_key": "demo", "api_secret": "s", "request_token": "x"}, "TOKEN_REFUSED"),
    ],
)
def test_a_login_that_cannot_be_is_refused(broker, credentials, code):
    with pytest.raises(LoginRefused) as refused:
        broker.log_in(Secrets(credentials), OPENING_BELL)

    assert refused.value.code == code
    assert "Next: " in refused.value.advice


def test_without_an_answer_a_login_is_neither_accepted_nor_refused(tmp_path):
    nobody = KiteBroker("http://127.0.0.1:9", tmp_path)

    with pytest.raises(BrokerDown):
        nobody.log_in(Secrets({"api_key": "demo", "access_token": "x"}), OPENING_BELL)


def test_an_order_is_placed_once_with_our_tag_and_found_again_by_it(kite, broker):
    alice = logged_in(kite)

    outcome = broker.place(alice, ticket(), OPENING_BELL)

    assert outcome == OrderPlaced(
        order_key="k1", broker_order_id="261123033300001", placed_at=OPENING_BELL
    )
    assert kite.accepted_tags() == [TAG]
    (order,) = broker.orders(alice, OPENING_BELL)
    assert order.broker_order_id == "261123033300001"
    assert TAG in order.broker_tags
    assert order.placed_at == OPENING_BELL
    assert (order.limit_price_inr, order.trigger_price_inr) == (None, None)
    assert order.sighting.status == "FILLED"
    assert order.sighting.average_price_inr == Decimal("1488.8")
    assert order.sighting.broker_time == OPENING_BELL


def test_a_resting_limit_order_is_open(kite, broker):
    alice = logged_in(kite)

    broker.place(alice, ticket(TEN_AT_1400), OPENING_BELL)

    (order,) = broker.orders(alice, OPENING_BELL)
    assert order.limit_price_inr == Decimal("1400")
    assert (order.sighting.status, order.sighting.raw_status) == ("OPEN", "OPEN")
    assert (order.sighting.filled_shares, order.sighting.pending_shares) == (0, 10)
    assert order.sighting.average_price_inr is None


def test_an_order_that_is_turned_down_later_says_why_in_the_book(kite, broker):
    alice = logged_in(kite)
    too_many = OrderTerms(
        exchange="NSE",
        trading_symbol="ITC",
        transaction_type="SELL",
        order_type="MARKET",
        product="CNC",
        quantity_shares=26,
    )

    outcome = broker.place(alice, ticket(too_many), OPENING_BELL)

    assert isinstance(outcome, OrderPlaced)
    (order,) = broker.orders(alice, OPENING_BELL)
    assert order.sighting.status == "REJECTED"
    assert order.sighting.status_message == "Insufficient holdings. You can sell 25 shares."


def test_a_portfolio_is_read_to_the_paisa(kite, broker):
    alice = logged_in(kite)
    broker.place(alice, ticket(), OPENING_BELL)

    (position,) = broker.positions(alice, OPENING_BELL)
    first = broker.holdings(alice, OPENING_BELL)[0]

    assert (position.trading_symbol, position.product) == ("INFY", "CNC")
    assert (position.quantity_shares, position.average_price_inr) == (10, Decimal("1488.8"))
    assert (first.trading_symbol, first.isin) == ("ITC", "INE154A01025")
    assert (first.quantity_shares, first.average_price_inr) == (25, Decimal("388.0"))


def test_users_of_one_adapter_never_see_each_other(kite, broker):
    people = {name: logged_in(kite, name) for name in ("ALICE", "BOB", "CHARLIE")}

    def act(turn: int) -> tuple[str, tuple[str, ...]]:
        name = list(people)[turn % 3]
        tag = f"{name.lower()}{turn}"
        broker.place(people[name], ticket(TEN_AT_1400, tag), OPENING_BELL)
        book = broker.orders(people[name], OPENING_BELL)
        return name, tuple(tag for order in book for tag in order.broker_tags)

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(act, range(36)))

    assert all(tag.startswith(name.lower()) for name, tags in seen for tag in tags)
    assert sorted(kite.accepted_tags()) == sorted(
        f"{list(people)[turn % 3].lower()}{turn}" for turn in range(36)
    )


def test_after_logging_out_the_token_is_expired_for_reads(kite, broker):
    alice = logged_in(kite)

    broker.log_out(alice)

    for read in (broker.orders, broker.holdings, broker.positions):
        with pytest.raises(LoginExpired):
            read(alice, OPENING_BELL)


def test_logging_out_never_raises(tmp_path):
    KiteBroker("http://127.0.0.1:9", tmp_path).log_out(access())


@pytest.mark.parametrize("fault", ["drop_after", "html502", "truncated", "json_list", "status:500"])
def test_a_read_without_a_usable_answer_says_so(kite, broker, fault):
    alice = logged_in(kite)
    kite.fault(fault=fault, route="/orders", calls=3)

    with pytest.raises(BrokerDown):
        broker.orders(alice, OPENING_BELL)


def test_a_login_without_a_usable_answer_is_down_and_not_refused(kite, broker):
    kite.fault(fault="status:503", route="/user/profile", calls=3)

    with pytest.raises(BrokerDown):
        broker.log_in(Secrets({"api_key": "demo", "access_token": "x"}), OPENING_BELL)


def test_only_our_own_simulator_is_simulated(kite, broker, tmp_path):
    with far_side(lambda *_: kite_error(404, "GeneralException", "Route not found")) as other:
        modes = [
            broker.mode(),
            KiteBroker(other.url, kite.keys_dir).mode(),
            KiteBroker(kite.url, tmp_path / "other").mode(),
            KiteBroker("http://127.0.0.1:9", kite.keys_dir).mode(),
        ]

    assert modes == ["SIMULATED", "LIVE", "LIVE", "LIVE"]


def test_kite_itself_is_live_without_asking(tmp_path):
    assert KiteBroker(None, tmp_path).mode() == "LIVE"
    assert KiteBroker("", tmp_path).mode() == "LIVE"


@pytest.mark.parametrize(
    "url", ["127.0.0.1:9100", "http://127.0.0.1:9100/kite", "ftp://x", "http://u:p@x"]
)
def test_an_address_that_the_sdk_would_bend_is_refused_at_the_start(tmp_path, url):
    with pytest.raises(ValueError, match="scheme://host:port"):
        KiteBroker(url, tmp_path)


def test_the_login_page_is_kites_own_or_the_simulators(tmp_path):
    real = KiteBroker(None, tmp_path).login_instructions("my key")
    simulated = KiteBroker("http://127.0.0.1:9100/", tmp_path).login_instructions("demo")
    keyless = KiteBroker(None, tmp_path).login_instructions(None)

    assert real.login_url is None  # no api_key has a blank
    assert simulated.login_url == "http://127.0.0.1:9100/connect/login?v=3&api_key=demo"
    assert keyless.needs_login
    assert (
        KiteBroker(None, tmp_path).login_instructions("k").login_url
        == "https://kite.zerodha.com/connect/login?v=3&api_key=k"
    )


def test_market_orders_carry_kites_price_protection_and_others_do_not():
    stop = OrderTerms(
        exchange="NSE",
        trading_symbol="INFY",
        transaction_type="SELL",
        order_type="SL-M",
        product="MIS",
        quantity_shares=5,
        trigger_price_inr=Decimal("1E+3"),
        tag="my own note",
    )

    assert order_arguments(ticket())["market_protection"] == -1
    assert "market_protection" not in order_arguments(ticket(TEN_AT_1400))
    assert order_arguments(ticket(stop)) == {
        "variety": "regular",
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "transaction_type": "SELL",
        "quantity": 5,
        "product": "MIS",
        "order_type": "SL-M",
        "validity": "DAY",
        "tag": TAG,
        "market_protection": -1,
        "trigger_price": "1000",
    }


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (datetime(2026, 11, 23, 0, 29, 59, tzinfo=UTC), datetime(2026, 11, 23, 0, 30, tzinfo=UTC)),
        (datetime(2026, 11, 23, 0, 30, tzinfo=UTC), datetime(2026, 11, 24, 0, 30, tzinfo=UTC)),
        (datetime(2026, 12, 31, 20, 0, tzinfo=UTC), datetime(2027, 1, 1, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_token_ends_at_the_next_six_oclock_in_india(now, end):
    assert next_six_ist(now) == end
    assert next_six_ist(now) - now <= timedelta(days=1)
