"""Technical analysis at every broker, over HTTP, through the SDKs.

The simulated market is a function of seed and time, so the candles up to June are the same each
time; that the numbers are right is for the tests of the calculation to say.
"""

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import ERAS, Answer, Person, connected
from tests.support.servers import Plain

pytestmark = pytest.mark.anyio

BROKERS = ["paper", "kite", "groww", "dhan"]
JUNE: Plain = {"symbol": "INFY", "to_date": "2026-06-19"}
LINES: dict[str, list[str]] = {
    "get_rsi": ["rsi"],
    "get_macd": ["macd", "signal", "histogram"],
    "get_bollinger_bands": ["upper", "middle", "lower"],
    "get_vwap": ["vwap"],
    "get_atr": ["atr"],
    "get_adx": ["adx", "plusDI", "minusDI"],
}
EVERY = [
    *("RSI", "MACD", "BOLLINGER", "VWAP", "ATR", "ADX", "SMA", "EMA", "STOCHASTIC", "WILLIAMS_R"),
    *("CCI", "MFI", "OBV", "PARABOLIC_SAR", "FIBONACCI", "SUPPORT_RESISTANCE"),
]


@pytest.fixture
async def ira(three_brokers: Market, request: pytest.FixtureRequest) -> AsyncIterator[Person]:
    """Somebody who is logged in everywhere, at Dhan last."""
    async with connected(
        three_brokers.server.url, three_brokers.site.token(request.node.name)
    ) as person:
        for broker in BROKERS:
            await person.log_in_at(broker, three_brokers.simulator, "7100000001")
        yield person


@pytest.fixture
async def max_(three_brokers: Market, request: pytest.FixtureRequest) -> AsyncIterator[Person]:
    """Somebody with paper only."""
    async with connected(
        three_brokers.server.url, three_brokers.site.token(request.node.name)
    ) as person:
        await person.log_in_at("paper", three_brokers.simulator, "")
        yield person


def rows(answer: Answer) -> list[Plain]:
    """The indicators of the only symbol."""
    (symbol,) = answer.data["symbols"]
    return list(symbol["indicators"])


async def test_brokers_whose_candles_agree_have_the_same_indicators(ira):
    answers = [
        await ira.call("get_technical_indicators", **JUNE, broker=broker) for broker in BROKERS
    ]

    assert [answer.data["broker"] for answer in answers] == BROKERS
    for answer in answers:
        rsi, macd, bands = rows(answer)
        assert [rsi["indicator"], macd["indicator"], bands["indicator"]] == [
            "RSI(14)",
            "MACD(12,26,9)",
            "BOLLINGER(20,2)",
        ]
        assert [each["startsAt"][:10] for each in rsi["values"]] == [
            f"2026-06-{day}" for day in (15, 16, 17, 18, 19)
        ]
        assert rsi["values"][-1] == {
            "startsAt": "2026-06-19T00:00:00.000+05:30",
            "barOpen": False,
            "values": {"rsi": "49.086963"},
        }
        assert rsi["warmUpBars"] >= 500
        assert bands["warmUpBars"] == 19
        assert rows(answer) == rows(answers[0])
        assert "NSE:INFY RSI(14) 49.09 at 19 Jun 2026 (1d bar, closed)" in answer.text


async def test_the_numbers_are_those_of_the_candles_that_the_broker_tells(max_):
    """Wilder's way over the same candles; of 2 bars, which forget the beginning soon."""
    candles = await max_.call("get_historical_data", **JUNE, from_date="2026-03-02", limit=200)
    gain = loss = 0.0
    closes = [float(bar["close"]) for bar in candles.data["candles"]]
    for before, close in pairwise(closes):
        gain = (gain + max(close - before, 0)) / 2
        loss = (loss + max(before - close, 0)) / 2

    answer = await max_.call("get_rsi", **JUNE, period=2)

    last = rows(answer)[0]["values"][-1]
    assert last["startsAt"] == candles.data["candles"][-1]["startsAt"]
    assert float(last["values"]["rsi"]) == pytest.approx(100 * gain / (gain + loss), abs=1e-6)


async def test_every_older_command_answers_at_every_broker(ira):
    for tool, lines in LINES.items():
        more: Plain = {"interval": "15m"} if tool == "get_vwap" else {}
        answers = [await ira.call(tool, **JUNE, **more, broker=broker) for broker in BROKERS]

        for answer in answers:
            (row,) = rows(answer)
            last = row["values"][-1]
            assert list(last["values"]) == lines, tool
            assert all(float(value) for value in last["values"].values()), tool
            assert last["startsAt"].startswith("2026-06-19"), tool
            assert row["values"] == rows(answers[0])[0]["values"], tool
            assert len(answer.text.splitlines()) == 2, tool


async def test_the_older_commands_take_their_parameters(max_):
    rsi = await max_.call("get_rsi", **JUNE, period=21.0)
    macd = await max_.call("get_macd", **JUNE, fast_period=5, slow_period=35, signal_period=5)
    bands = await max_.call("get_bollinger_bands", **JUNE, period=10, standard_deviations=2.5)
    whole = await max_.call(
        "get_technical_indicators", **JUNE, indicators=["RSI", "macd:5,35,5"], period=21
    )

    assert [rows(each)[0]["indicator"] for each in (rsi, macd, bands)] == [
        "RSI(21)",
        "MACD(5,35,5)",
        "BOLLINGER(10,2.5)",
    ]
    assert [each["values"] for each in rows(whole)] == [
        rows(rsi)[0]["values"],
        rows(macd)[0]["values"],
    ]


async def test_every_indicator_has_a_number_or_a_reason(max_):
    days = await max_.call("get_technical_indicators", **JUNE, indicators=EVERY)
    quarters = await max_.call("get_technical_indicators", **JUNE, indicators=EVERY, interval="15m")

    for answer in (days, quarters):
        assert [row["indicator"].split("(")[0] for row in rows(answer)] == EVERY
        for row in rows(answer):
            told = row["values"][-1]["values"].values() if row["values"] else row["levels"]
            assert None not in told or row["remarks"], row
    assert "VWAP: no value: it is of the bars within a trading day" in days.text
    assert rows(quarters)[3]["values"][-1]["values"]["vwap"] is not None
    assert {level["kind"] for level in rows(quarters)[-2]["levels"]} == {"retracement"}


async def test_the_value_of_a_bar_does_not_depend_on_the_range_that_was_asked(max_):
    asked: list[Plain] = [{}, {"from_date": "2026-06-19"}, {"from_date": "2025-09-01"}]
    answers = [
        await max_.call("get_technical_indicators", **JUNE, **each, indicators=["rsi", "adx"])
        for each in asked
    ]

    last = [[row["values"][-1] for row in rows(answer)] for answer in answers]
    assert last[0] == last[1] == last[2]


async def test_a_range_is_told_from_its_end_in_pages(max_):
    asked: Plain = {**JUNE, "from_date": "2026-06-11", "indicators": ["sma:5"], "limit": 4}

    newest = await max_.call("get_technical_indicators", **asked)
    older = await max_.call("get_technical_indicators", **asked, cursor=newest.data["nextCursor"])

    days = [
        [value["startsAt"][8:10] for value in rows(answer)[0]["values"]]
        for answer in (newest, older)
    ]
    assert days == [["16", "17", "18", "19"], ["11", "12", "15"]]
    assert older.data["nextCursor"] is None
    assert f"cursor='{newest.data['nextCursor']}'" in newest.text


async def test_an_older_command_has_pages_too(max_):
    asked: Plain = {**JUNE, "from_date": "2026-06-11", "period": 5, "limit": 4}

    newest = await max_.call("get_rsi", **asked)
    older = await max_.call("get_rsi", **asked, cursor=newest.data["nextCursor"])
    behind = await max_.call("get_rsi", **asked, cursor="c999999999")

    assert [len(rows(answer)[0]["values"]) for answer in (newest, older)] == [4, 3]
    assert "no bars in that period" in behind.text


async def test_a_period_that_concerns_no_indicator_is_not_passed_over(max_):
    asked: Plain = {**JUNE, "indicators": ["macd"]}

    answers = [
        await max_.call("get_technical_indicators", **asked, **more)
        for more in ({"period": 20}, {})
    ]

    assert ["period=20 concerns none" in answer.text for answer in answers] == [True, False]


async def test_in_detail_every_bar_has_a_line(max_):
    asked: Plain = {**JUNE, "indicators": ["sma:5"], "limit": 3}

    concise = await max_.call("get_technical_indicators", **asked)
    detailed = await max_.call("get_technical_indicators", **asked, response_format="detailed")

    assert concise.data == detailed.data
    assert (len(concise.text.splitlines()), len(detailed.text.splitlines())) == (2, 4)


async def test_several_symbols_are_told_even_if_one_is_wrong(max_):
    answer = await max_.call(
        "get_technical_indicators",
        symbols=["INFY", "INFOSY", "NSE:RELIANCE"],
        indicators=["sma:5"],
        to_date="2026-06-19",
    )

    assert [each["name"] for each in answer.data["symbols"]] == ["NSE:INFY", None, "NSE:RELIANCE"]
    assert answer.data["symbols"][1]["failed"].startswith("UNKNOWN_INSTRUMENT: ")
    assert [len(each["indicators"]) for each in answer.data["symbols"]] == [1, 0, 1]
    assert len(answer.data["symbols"][0]["indicators"][0]["values"]) == 1
    assert "INFOSY: UNKNOWN_INSTRUMENT: Nothing is called 'INFOSY'" in answer.text


async def test_many_symbols_stay_within_a_screenful(max_):
    answer = await max_.call(
        "get_technical_indicators",
        symbols=["INFY", *(f"NOSUCH{n}" for n in range(30))],
        indicators=["sma:5"],
        to_date="2026-06-19",
    )

    assert len(answer.data["symbols"]) == 31
    assert len(answer.text.splitlines()) == 22


async def test_a_bar_that_is_still_open_is_told_beside_the_last_closed_one(ira):
    answer = await ira.call(
        "get_technical_indicators",
        symbols=["INFY"],
        indicators=["sma:2"],
        interval="1M",
        broker="groww",
        limit=1,
    )

    values = rows(answer)[0]["values"]
    is_open = answer.data["symbols"][0]["lastBarOpen"]
    assert [value["barOpen"] for value in values] == ([False, True] if is_open else [False])
    assert ("(1M bar, open, it can change); " in answer.text) is is_open
    assert "(1M bar, closed)" in answer.text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ({"symbol": "INFOSY"}, "UNKNOWN_INSTRUMENT", "Nothing is called 'INFOSY'."),
        ({"indicators": ["rsii"]}, "INVALID_ARGUMENT", "The nearest is RSI."),
        ({"indicators": ["rsi:501"]}, "INVALID_ARGUMENT", "from 2 to 500"),
        ({"indicators": ["rsi:1.5"]}, "INVALID_ARGUMENT", "a whole number"),
        ({"indicators": []}, "INVALID_ARGUMENT", "indicators"),
        ({"period": 501}, "INVALID_ARGUMENT", "from 2 to 500"),
        ({"period": True}, "INVALID_ARGUMENT", "period"),
        ({"period": 14.5}, "INVALID_ARGUMENT", "period"),
        ({"period": "14"}, "INVALID_ARGUMENT", "period"),
        ({"interval": "7m"}, "INVALID_ARGUMENT", "interval"),
        ({"interval": "3m"}, "NOT_SUPPORTED_BY_BROKER", "paper has no candles of 3m."),
        ({"from_date": "2026-06-20", "to_date": "2026-06-19"}, "INVALID_ARGUMENT", "before"),
        ({"to_date": "2126-01-01"}, "INVALID_ARGUMENT", "later than today"),
        ({"limit": 201}, "INVALID_ARGUMENT", "limit"),
        ({"cursor": "x"}, "INVALID_ARGUMENT", "cursor"),
        ({"cursor": "c999999999"}, "INVALID_ARGUMENT", "give from_date"),
        (
            {"symbols": ["INFY"] * 50, "indicators": ["rsi", "sma", "ema"], "limit": 30},
            "INVALID_ARGUMENT",
            "more than 4000 values",
        ),
        ({"symbols": ["INFY"] * 51}, "INVALID_ARGUMENT", "symbols"),
        ({"symbol": None}, "INVALID_ARGUMENT", "Of what?"),
        ({"broker": "angelone"}, "BROKER_NOT_SUPPORTED", "angelone"),
        ({"broker": "kite"}, "BROKER_LOGIN_REQUIRED", "kite"),
    ],
)
async def test_what_cannot_be_answered_is_refused_with_a_way_out(max_, arguments, code, words):
    answer = await max_.try_to("get_technical_indicators", **{"symbol": "INFY", **arguments})

    assert answer.code == code
    assert words in answer.text


async def test_too_few_bars_are_said_instead_of_a_number(max_):
    answer = await max_.call(
        "get_technical_indicators", **JUNE, from_date="2026-06-15", indicators=["sr", "fib"]
    )

    nearest, retracements = rows(answer)
    assert nearest["levels"] == []
    assert "SUPPORT_RESISTANCE(20): no value: too few bars: it needs 41" in answer.text
    assert len(retracements["levels"]) == 7


async def test_an_index_has_no_volume_weighted_average(ira):
    answers = [
        await ira.call(
            "get_vwap", symbol="NIFTY 50", interval="15m", to_date="2026-06-19", broker=broker
        )
        for broker in BROKERS
    ]

    for answer in answers:
        assert {value["values"]["vwap"] for value in rows(answer)[0]["values"]} == {None}
        assert "no volume" in answer.text


async def test_a_period_without_trading_has_no_values(max_):
    answer = await max_.call("get_rsi", symbol="INFY", from_date="2026-06-13", to_date="2026-06-14")

    assert rows(answer)[0]["values"] == []
    assert "NSE:INFY: no bars in that period; get_market_status()" in answer.text


# Several brokers


async def test_brokers_are_compared_where_somebody_is_logged_in(ira):
    answer = await ira.call("compare_technical_indicators", **JUNE, indicator="RSI", period=14)

    assert [each["broker"] for each in answer.data["brokers"]] == ["dhan", "kite", "groww"]
    assert (answer.data["reference"], answer.data["differences"]) == ("dhan", [])
    assert answer.data["commonBarStartsAt"] == "2026-06-19T00:00:00.000+05:30"
    for each in answer.data["brokers"]:
        assert each["atCommonBar"] == {"rsi": "49.086963"}
        assert each["difference"] == {"rsi": "0.000000"}
    assert "kite: NSE:INFY RSI(14) 49.09 at 19 Jun 2026 (1d bar, closed)" in answer.text
    assert "At 19 Jun 2026, the difference from dhan: kite 0.00, groww 0.00." in answer.text
    assert "kite and groww: every bar that the value is made from is as at dhan." in answer.text


async def test_what_one_broker_lacks_never_hides_the_others(max_):
    answer = await max_.call(
        "compare_technical_indicators",
        **JUNE,
        indicator="vwap",
        interval="15m",
        brokers=["kite", "paper", "angelone", "paper"],
    )

    brokers = {each["broker"]: each for each in answer.data["brokers"]}
    assert list(brokers) == ["kite", "paper", "angelone"]
    assert brokers["kite"]["failed"].startswith("BROKER_LOGIN_REQUIRED: ")
    assert brokers["angelone"]["failed"].startswith("BROKER_NOT_SUPPORTED: ")
    assert (answer.data["reference"], brokers["paper"]["failed"]) == ("paper", None)
    assert brokers["paper"]["atCommonBar"]["vwap"] is not None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"brokers": ["angelone"]}, "BROKER_NOT_SUPPORTED"),
        ({"indicator": "magic"}, "INVALID_ARGUMENT"),
        ({"symbol": "INFOSY"}, "UNKNOWN_INSTRUMENT"),
        ({"brokers": ["paper"] * 11}, "INVALID_ARGUMENT"),
    ],
)
async def test_a_comparison_that_nobody_can_answer_is_refused(max_, arguments, code):
    answer = await max_.try_to(
        "compare_technical_indicators", **{"symbol": "INFY", "indicator": "RSI", **arguments}
    )

    assert answer.code == code


async def test_without_any_login_there_is_nothing_to_compare(three_brokers):
    token = three_brokers.site.token("h4-nobody")
    async with connected(three_brokers.server.url, token) as nobody:
        answer = await nobody.try_to("compare_technical_indicators", symbol="INFY", indicator="RSI")

    assert answer.code == "NO_ACTIVE_BROKER"
    assert "brokers=['paper']" in answer.text


async def test_the_broker_that_is_set_apart_for_data_is_asked(ira):
    await ira.call("set_active_broker", broker="groww", use="data")

    answer = await ira.call("get_rsi", **JUNE)

    assert answer.data["broker"] == "groww"
    assert "· groww ·" in answer.first_line


@pytest.mark.parametrize("era", ERAS)
async def test_clients_of_both_revisions_read_indicators(three_brokers, era):
    token = three_brokers.site.token(f"h4-{era}")
    async with connected(three_brokers.server.url, token, era) as person:
        several = await person.call("get_technical_indicators", **JUNE, broker="paper")
        one = await person.call("get_rsi", **JUNE, broker="paper")
        both = await person.call(
            "compare_technical_indicators", **JUNE, indicator="RSI", brokers=["paper"]
        )

    assert rows(several)[0]["values"] == rows(one)[0]["values"]
    assert both.data["brokers"][0]["reading"]["values"] == rows(one)[0]["values"][-3:]
