"""Quotes, candles and option chains at every broker, over HTTP, through the SDKs.

The simulated market is a function of seed and time, so the candles of June are the same each time.
"""

import re
import zlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from domain.instants import IST
from infrastructure.clock import SystemClock
from infrastructure.instruments.files import DIRECTORY
from tests.infrastructure.instruments.support import make_table
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import ERAS, Person, connected
from tests.support.servers import Plain, site

pytestmark = pytest.mark.anyio

BROKERS = ["paper", "kite", "groww", "dhan"]
PRICE = re.compile(r"\d+\.\d\d")
JUNE: Plain = {"symbol": "INFY", "from_date": "2026-06-15", "to_date": "2026-06-19"}
TWENTY_ONE = [
    *("RELIANCE", "INFY", "TCS", "HDFCBANK", "ICICIBANK", "SBIN", "AXISBANK", "KOTAKBANK"),
    *("ITC", "LT", "HINDUNILVR", "BHARTIARTL", "BAJFINANCE", "BAJAJFINSV", "ASIANPAINT"),
    *("MARUTI", "TITAN", "WIPRO", "HCLTECH", "TECHM", "SUNPHARMA"),
]
A_MONDAY: Plain = {"symbol": "INFY", "from_date": "2026-06-15", "to_date": "2026-06-15"}


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def uma(
    three_brokers: Market, broker: str, request: pytest.FixtureRequest
) -> AsyncIterator[Person]:
    """Somebody new, at this broker."""
    token = three_brokers.site.token(request.node.name)
    number = f"{BROKERS.index(broker)}{zlib.crc32(request.node.name.encode()) % 10**8:08d}"
    async with connected(three_brokers.server.url, token) as person:
        await person.log_in_at(broker, three_brokers.simulator, number)
        yield person


async def test_names_of_every_kind_get_a_quote_and_the_unknown_are_named(uma, broker):
    old = {"tradingsymbol": "SBIN-EQ", "symboltoken": "3045", "exchange": "NSE"}

    answer = await uma.call(
        "get_quote", symbols=["NSE:INFY", "RELIANCE", old, "INFOSY", "NSE:INFY"]
    )

    rows = answer.data["quotes"]
    assert [row["name"] for row in rows] == ["NSE:INFY", "NSE:RELIANCE", "NSE:SBIN"]
    assert [each["symbol"] for each in answer.data["unknown"]] == ["INFOSY"]
    assert "Nothing is called 'INFOSY'. The nearest: NSE:INFY" in answer.text
    for row in rows:
        prices = [row[name] for name in ("lastPrice", "open", "high", "low", "previousClose")]
        assert all(PRICE.fullmatch(each) for each in prices)
        assert (len(row["bids"]), len(row["asks"])) == (5, 5)
        assert row["volume"] > 0
        assert row["tradedAt"].endswith("+05:30")
        assert row["ageSeconds"] >= 0
        assert re.fullmatch(r"-?\d+\.\d\d", row["changePercent"])
    assert (answer.data["broker"], answer.data["detail"]) == (broker, "full")
    assert f"· {broker} ·" in answer.first_line
    assert answer.text.splitlines()[1].startswith("NSE:INFY ₹1,")


async def test_less_detail_has_fewer_fields(uma, broker):
    ltp = (await uma.call("get_quote", symbols=["INFY"], detail="ltp")).data["quotes"][0]
    ohlc = (await uma.call("get_quote", symbols=["INFY"], detail="ohlc")).data["quotes"][0]

    assert PRICE.fullmatch(ltp["lastPrice"])
    assert (ltp["open"], ltp["volume"], ltp["bids"], ltp["tradedAt"]) == (None, None, [], None)
    assert PRICE.fullmatch(ohlc["open"])
    assert (ohlc["volume"], ohlc["asks"]) == (None, [])
    # In Dhan's shorter quotes "close" is today's own once the day is over: it is left out.
    assert (ohlc["previousClose"] is None) == (broker == "dhan")


async def test_more_than_a_screenful_comes_without_depth(uma):
    answer = await uma.call("get_quote", symbols=TWENTY_ONE)
    detailed = await uma.call("get_quote", symbols=TWENTY_ONE, response_format="detailed")

    assert [row["tradingSymbol"] for row in answer.data["quotes"]] == TWENTY_ONE
    assert answer.data["detail"] == "ohlc"
    assert len(answer.text.splitlines()) == 22
    assert answer.text.splitlines()[-1].startswith("And 1 more in the data;")
    assert detailed.text.splitlines()[-1].startswith("NSE:SUNPHARMA ₹")


async def test_what_nobody_knows_is_refused_with_the_nearest_names(uma):
    told = [
        await uma.try_to("get_quote", symbols=["INFOSY", "RELIANC"]),
        await uma.try_to("get_historical_data", **{**JUNE, "symbol": "INFOSY"}),
    ]

    assert [each.code for each in told] == ["UNKNOWN_INSTRUMENT"] * 2
    assert all("The nearest: NSE:INFY" in each.text for each in told)
    assert "NSE:RELIANCE" in told[0].text


async def test_candles_of_days_are_named_by_their_midnight_and_none_is_missing(uma, broker):
    answer = await uma.call("get_historical_data", **JUNE)

    assert [bar["startsAt"] for bar in answer.data["candles"]] == [
        f"2026-06-{day}T00:00:00.000+05:30" for day in (15, 16, 17, 18, 19)
    ]
    assert answer.data["candles"][0] == {
        "startsAt": "2026-06-15T00:00:00.000+05:30",
        "open": "1554.80",
        "high": "1561.65",
        "low": "1532.00",
        "close": "1543.10",
        "volume": 2656476,
        "openInterest": None,
    }
    assert (answer.data["name"], answer.data["interval"]) == ("NSE:INFY", "1d")
    assert (answer.data["total"], answer.data["nextCursor"]) == (5, None)
    assert answer.data["lastBarOpen"] is False
    assert answer.data["lastBarEndsAt"] == "2026-06-19T15:30:00.000+05:30"
    assert "2026-06-15 00:00: open 1554.80, high 1561.65" in answer.text


async def test_closed_candles_are_fetched_once_and_told_the_same_again(uma):
    july: Plain = {"symbol": "TCS", "from_date": "2026-07-01", "to_date": "2026-07-31"}

    first = await uma.call("get_historical_data", **july)
    again = await uma.call("get_historical_data", **july, response_format="detailed")

    assert again.data["candles"] == first.data["candles"]
    assert (first.data["calls"], first.data["fromCache"]) == (1, 0)
    assert (again.data["calls"], again.data["fromCache"]) == (0, 23)
    assert first.data["gaps"] == {"days": 0, "bars": 0, "first": [], "beginsLate": None}
    assert len(first.text.splitlines()) == 9
    assert len(again.text.splitlines()) == 25


@pytest.mark.parametrize("broker", ["dhan"], indirect=True)
async def test_all_pieces_of_a_long_period_are_joined_without_gaps_and_doubles(uma):
    answer = await uma.call(
        "get_historical_data",
        symbol="NSE:INFY",
        from_date="2026-02-02",
        to_date="2026-06-19",
        interval="60m",
        limit=200,
    )

    assert (answer.data["calls"], answer.data["total"]) == (2, 93 * 7)
    assert (answer.data["gaps"]["days"], answer.data["gaps"]["bars"]) == (0, 0)


@pytest.mark.parametrize("broker", ["kite"], indirect=True)
async def test_market_data_comes_from_another_broker_than_the_one_that_trades(uma):
    chosen = await uma.call("set_active_broker", broker="paper", use="data")
    quote = await uma.call("get_quote", symbols=["INFY"])
    candles = await uma.call("get_historical_data", **JUNE)
    chain = await uma.try_to("get_option_chain", underlying="NIFTY")
    named = await uma.call("get_quote", symbols=["INFY"], broker="kite")
    funds = await uma.call("get_margins")
    info = await uma.call("get_session_info")
    listed = await uma.call("list_brokers")
    after = await uma.call("set_active_broker", broker="kite", use="both")

    assert (chosen.data["activeBroker"], chosen.data["dataBroker"]) == ("kite", "paper")
    assert "Market data now comes from paper; orders go to kite." in chosen.text
    assert (quote.data["broker"], candles.data["broker"]) == ("paper", "paper")
    assert "paper has no call for option chain" in chain.text
    assert (named.data["broker"], funds.data["broker"]) == ("kite", "kite")
    assert (info.data["activeBroker"], info.data["dataBroker"]) == ("kite", "paper")
    assert "Active broker: kite. Market data from: paper." in info.text
    assert listed.data["dataBroker"] == "paper"
    assert "Market data comes from paper." in listed.text
    assert after.data["dataBroker"] == "kite"


@pytest.mark.parametrize("era", ERAS)
async def test_who_asks_for_progress_over_http_gets_the_answer_all_the_same(three_brokers, era):
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    token = three_brokers.site.token(f"wendy-{era}")
    async with connected(three_brokers.server.url, token, era) as wendy:
        told = await wendy.client.call_tool(
            "get_historical_data", {**JUNE, "broker": "paper"}, progress_callback=hear
        )

    assert (told.is_error, heard) == (False, [])


async def test_a_broker_for_data_needs_no_active_one(three_brokers):
    async with connected(three_brokers.server.url, three_brokers.site.token("yves")) as yves:
        chosen = await yves.call("set_active_broker", broker="paper", use="data")
        quote = await yves.call("get_quote", symbols=["INFY"])
        order = await yves.try_to("get_orders")
        later = await yves.call("set_active_broker", broker="kite")

    assert "no broker is active for orders yet" in chosen.text
    assert (quote.data["broker"], order.code) == ("paper", "NO_ACTIVE_BROKER")
    assert (later.data["activeBroker"], later.data["dataBroker"]) == ("kite", "paper")
    assert "Market data goes on coming from paper." in later.text


async def test_candles_of_minutes_are_named_by_their_start_and_come_in_pages(uma):
    starts: list[str] = []
    cursor = None
    for _ in range(4):
        more: Plain = {"cursor": cursor} if cursor else {}
        page = await uma.call("get_historical_data", **A_MONDAY, interval="5m", limit=20, **more)
        starts += [bar["startsAt"][11:16] for bar in page.data["candles"]]
        cursor = page.data["nextCursor"]

    assert (cursor, page.data["total"]) == (None, 75)
    assert (starts[0], starts[1], starts[-1]) == ("09:15", "09:20", "15:25")
    assert len(set(starts)) == 75
    shown = [line[11:16] for line in page.text.splitlines() if line.startswith("2026-06-15")]
    assert shown == ["09:15", "09:20", "09:25", "15:15", "15:20", "15:25"]


async def test_an_hour_is_sixty_minutes_and_a_moment_ends_before_itself(uma):
    answer = await uma.call(
        "get_historical_data",
        symbol="NSE:INFY",
        from_date="2026-06-15T10:15",
        to_date="2026-06-15T12:15",
        interval="1h",
    )

    starts = [bar["startsAt"][11:16] for bar in answer.data["candles"]]
    assert (starts, answer.data["interval"]) == (["10:15", "11:15"], "60m")


@pytest.mark.parametrize("broker", ["groww"], indirect=True)
async def test_a_last_bar_that_can_still_change_is_said_to_be_open(uma):
    now = SystemClock().now()
    since = (now - timedelta(days=40)).astimezone(IST).date().isoformat()

    answer = await uma.call("get_historical_data", symbol="INFY", from_date=since, interval="1M")

    ends_at = datetime.fromisoformat(answer.data["lastBarEndsAt"])
    assert (ends_at.hour, ends_at.minute) == (15, 30)
    assert (ends_at + timedelta(days=7)).month != now.astimezone(IST).month
    assert answer.data["lastBarOpen"] is (ends_at > now)
    assert ("The last bar is still open: it can change until" in answer.text) is (ends_at > now)


async def test_days_without_trading_have_no_bars(uma):
    answer = await uma.call(
        "get_historical_data", symbol="INFY", from_date="2026-06-13", to_date="2026-06-14"
    )

    assert (answer.data["candles"], answer.data["lastBarEndsAt"]) == ([], None)
    assert "0 bars of 1d of NSE:INFY" in answer.text


async def test_a_period_that_makes_no_sense_is_refused(uma):
    tomorrow = (SystemClock().now().astimezone(IST).date() + timedelta(days=1)).isoformat()
    wrong: list[Plain] = [
        {"from_date": "2026-06-19", "to_date": "2026-06-15"},
        {"from_date": tomorrow},
        {"from_date": "2026-06-15", "to_date": tomorrow},
        {"from_date": "15 June"},
        {"from_date": "2020-01-01", "interval": "1m"},
        {"from_date": "2026-06-15", "interval": "7m"},
        {"from_date": "2026-06-15", "limit": "10"},
        {"from_date": "2026-06-15", "until": "2026-06-16"},
        {},
    ]

    told = [await uma.try_to("get_historical_data", symbol="INFY", **each) for each in wrong]

    assert [each.code for each in told] == ["INVALID_ARGUMENT"] * len(wrong)


@pytest.mark.parametrize("broker", ["paper", "dhan"], indirect=True)
async def test_an_interval_that_the_broker_lacks_is_refused_with_those_it_has(uma, broker):
    answer = await uma.try_to("get_historical_data", **JUNE, interval="3m")

    assert answer.code == "NOT_SUPPORTED_BY_BROKER"
    assert f"{broker} has no candles of 3m. Next: choose one of 1m, 5m, 15m," in answer.text


@pytest.mark.parametrize("broker", ["groww", "dhan"], indirect=True)
async def test_an_option_chain_is_shown_around_the_money(uma, broker):
    answer = await uma.call("get_option_chain", underlying="NIFTY", strikes_around=2)

    chain = answer.data
    strikes = [int(row["strike"]) for row in chain["rows"]]
    assert (len(strikes), strikes) == (5, sorted(strikes))
    assert (chain["underlying"], chain["atTheMoney"]) == ("NSE:NIFTY 50", str(strikes[2]))
    assert chain["expiry"] == chain["expiries"][0]
    assert chain["totalStrikes"] > 50
    for row in chain["rows"]:
        for side in (row["call"], row["put"]):
            assert PRICE.fullmatch(side["lastPrice"])
            assert abs(float(side["delta"])) <= 1
    assert f"5 of {chain['totalStrikes']} strikes." in answer.text


@pytest.mark.parametrize("broker", ["groww"], indirect=True)
async def test_a_chain_of_another_expiry_and_one_that_does_not_exist(uma):
    known = (await uma.call("get_option_chain", underlying="NIFTY", strikes_around=0)).data
    later = known["expiries"][1]

    other = await uma.call("get_option_chain", underlying="NIFTY", expiry=later, strikes_around=200)
    wrong = [
        await uma.try_to("get_option_chain", underlying="NIFTY", expiry="2026-01-01"),
        await uma.try_to("get_option_chain", underlying="NIFTY", expiry="next week"),
        await uma.try_to("get_option_chain", underlying="NIFTY", strikes_around=1.5),
    ]

    assert (other.data["expiry"], len(known["rows"])) == (later, 1)
    assert len(other.data["rows"]) == other.data["totalStrikes"]
    assert len(other.text.splitlines()) <= 23
    assert [each.code for each in wrong] == ["INVALID_ARGUMENT"] * 3
    assert f"Next: choose one of {known['expiries'][0]}" in wrong[0].text


@pytest.mark.parametrize("broker", ["paper", "kite"], indirect=True)
async def test_a_broker_without_chains_names_those_that_have_them(uma, broker):
    answer = await uma.try_to("get_option_chain", underlying="NIFTY")

    assert answer.code == "NOT_SUPPORTED_BY_BROKER"
    assert f"{broker} has no call for option chain. groww, dhan can." in answer.text


async def test_nobody_has_to_log_in_to_hear_that_there_is_no_such_call(three_brokers):
    async with connected(three_brokers.server.url, three_brokers.site.token("zara")) as zara:
        answer = await zara.try_to("get_option_chain", underlying="NIFTY", broker="kite")

    assert answer.code == "NOT_SUPPORTED_BY_BROKER"


@pytest.mark.parametrize("era", ERAS)
async def test_clients_of_both_revisions_read_the_market(three_brokers, era):
    token = three_brokers.site.token(f"xena-{era}")
    async with connected(three_brokers.server.url, token, era) as xena:
        quote = await xena.call("get_quote", symbols=["INFY"], broker="paper")
        candles = await xena.call("get_historical_data", **JUNE, broker="paper")
        chain = await xena.try_to("get_option_chain", underlying="NIFTY", broker="groww")

    assert quote.data["quotes"][0]["name"] == "NSE:INFY"
    assert candles.data["total"] == 5
    assert chain.code == "BROKER_LOGIN_REQUIRED"
    assert "/connect/groww?state=" in chain.text


@pytest.mark.parametrize(
    "symbols",
    [[], "INFY", [7], [True], ["x" * 101], ["INFY"] * 501, [{"symboltoken": "1"}],
     [{"tradingsymbol": "INFY", "exchange": "NYSE"}], [{"tradingsymbol": "INFY", "token": "1"}]],
)  # fmt: skip
async def test_what_is_no_list_of_symbols_is_refused(three_brokers, symbols):
    async with connected(three_brokers.server.url, three_brokers.site.token("yara")) as yara:
        answer = await yara.try_to("get_quote", symbols=symbols, broker="paper")

    assert answer.code == "INVALID_ARGUMENT"


async def test_a_share_of_another_exchange_is_meant_when_it_is_named(three_brokers):
    old = {"tradingsymbol": "RELIANCE", "symboltoken": "500325", "exchange": "BSE"}
    async with connected(three_brokers.server.url, three_brokers.site.token("zoe")) as zoe:
        await zoe.log_in_at("kite", three_brokers.simulator, "ZOE01")
        answer = await zoe.call("get_quote", symbols=[old, "RELIANCE"])

    assert [row["name"] for row in answer.data["quotes"]] == ["BSE:RELIANCE", "NSE:RELIANCE"]


async def test_a_share_that_is_not_quoted_here_is_told_apart_from_a_wrong_name(tmp_path):
    with site(tmp_path) as place:
        make_table(place.data_dir / DIRECTORY)
        server = place.server()
        async with connected(server.url, place.token("abel")) as abel:
            answer = await abel.call(
                "get_quote",
                symbols=["RELIANCE", "NSE:CENTRALBK-BE", "INFOSY"],
                broker="paper",
            )

    assert [row["name"] for row in answer.data["quotes"]] == ["NSE:RELIANCE"]
    assert answer.data["unquoted"] == ["NSE:CENTRALBK-BE"]
    assert [each["symbol"] for each in answer.data["unknown"]] == ["INFOSY"]
    assert "Paper has no price of NSE:CENTRALBK-BE." in answer.text
