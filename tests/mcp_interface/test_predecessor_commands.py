"""All commands of the server before this one, with its arguments, at every broker that they apply
to, over HTTP, through the SDKs. Those that place orders: test_predecessor_orders.py."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import API_KEY, Answer, Person, connected
from tests.mcp_interface.predecessor import (
    BROKERS,
    CALLS,
    COMMANDS,
    MODES,
    log_everybody_in,
)

pytestmark = pytest.mark.anyio

MONEY = re.compile(r"-?\d+\.\d\d")
REAL = ("kite", "groww", "dhan")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


@pytest.fixture(scope="module")
async def tokens(three_brokers: Market) -> dict[str, str]:
    return await log_everybody_in(three_brokers, "pre")


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def olga(three_brokers: Market, tokens: dict[str, str], broker: str) -> AsyncIterator[Person]:
    """Who came from the predecessor, and is logged in at this broker."""
    async with connected(three_brokers.server.url, tokens[broker]) as person:
        yield person


async def test_every_name_is_known_with_every_argument(three_brokers: Market):
    assert len(COMMANDS) == 37
    nonsense = {"no": "such value"}
    token = three_brokers.site.token("pre-names")

    async with connected(three_brokers.server.url, token) as person:
        for name, told in COMMANDS.items():
            arguments = dict.fromkeys(told["arguments"], nonsense)
            answer = await person.try_to(name, **arguments)
            assert "There is no such tool" not in answer.text, name
            assert "does not know" not in answer.text, answer.text
            for array, fields in told.get("rows", {}).items():
                assert set(CALLS[name][array][0]) == set(fields), name  # and that call is made
            if told["required"]:
                assert answer.code == "INVALID_ARGUMENT", name


async def test_the_fourth_broker_of_the_predecessor_is_known_and_refused(three_brokers: Market):
    token = three_brokers.site.token("pre-angelone")

    async with connected(three_brokers.server.url, token) as person:
        for name, told in COMMANDS.items():
            if "broker" in told["arguments"]:
                answer = await person.try_to(name, **{**CALLS[name], "broker": "angelone"})
                assert answer.code == "BROKER_NOT_SUPPORTED", answer.text
                assert "Next: choose one of paper, kite, groww, dhan" in answer.text


async def test_every_way_to_log_in_that_the_predecessor_had(three_brokers: Market):
    simulator = three_brokers.simulator
    token = three_brokers.site.token("pre-logins")

    async with connected(three_brokers.server.url, token) as person:
        told = await person.call("get_broker_login_instructions", broker="kite")
        first = await person.log_in_at_kite(simulator, "PRE001")
        groww = await person.call(
            "authenticate_broker", broker="groww", access_token=simulator.day_token("groww", "90")
        )
        dhan = await person.call(
            "authenticate_broker",
            broker="dhan",
            access_token=simulator.day_token("dhan", "9009009001"),
            client_id="9009009001",
        )
        one = await person.call("logout_broker", broker="groww")
        rest = await person.call("logout_broker", broker="all")

    assert told.data["steps"]
    assert API_KEY not in first.raw
    assert [each.data["authenticated"] for each in (first, groww, dhan)] == [True, True, True]
    assert (one.data["loggedOut"], sorted(rest.data["loggedOut"])) == (["groww"], ["dhan", "kite"])


def is_of(answer: Answer, broker: str) -> None:
    assert (answer.data["broker"], answer.data["mode"]) == (broker, MODES[broker])
    assert answer.first_line.startswith(f"[{MODES[broker]} · your session ")


def brokers_are_listed(answer: Answer, broker: str) -> None:
    states = {each["name"]: each["authenticated"] for each in answer.data["brokers"]}
    assert set(states) == set(BROKERS)
    assert states[broker]
    assert answer.data["activeBroker"] == broker


def session_is_told(answer: Answer, broker: str) -> None:
    assert answer.data["activeBroker"] == broker
    assert broker in answer.data["authenticatedBrokers"] or broker == "paper"


def is_active(answer: Answer, broker: str) -> None:
    assert answer.data["activeBroker"] == broker


def steps_are_told(answer: Answer, broker: str) -> None:
    assert (answer.data["broker"], answer.data["needsLogin"]) == (broker, broker != "paper")


def four_shares_are_held(answer: Answer, broker: str) -> None:
    is_of(answer, broker)
    rows = answer.data["holdings"]
    assert len(rows) == (0 if broker == "paper" else 4)
    assert all(MONEY.fullmatch(row["avgPrice"]) and row["quantity"] >= 5 for row in rows)


def nothing_is_open(answer: Answer, broker: str) -> None:
    is_of(answer, broker)
    assert answer.data["positions"] == []


def there_is_money(answer: Answer, broker: str) -> None:
    is_of(answer, broker)
    assert answer.data["margins"][0]["available"] == "1000000.00"


def kinds_are_told(answer: Answer, broker: str) -> None:
    assert answer.data["broker"] == broker
    assert {"MARKET", "LIMIT", "SL"} <= set(answer.data["orderTypes"])
    assert ("iceberg" in answer.data["varieties"]) == (broker == "kite")


def no_orders_yet(answer: Answer, broker: str) -> None:
    assert (answer.data["broker"], answer.data["orders"]) == (broker, [])


def infy_has_a_price(answer: Answer, broker: str) -> None:
    (row,) = answer.data["quotes"]
    assert (answer.data["broker"], row["name"]) == (broker, "NSE:INFY")
    assert MONEY.fullmatch(row["lastPrice"])


READS = {
    "list_brokers": brokers_are_listed,
    "get_session_info": session_is_told,
    "set_active_broker": is_active,
    "get_broker_login_instructions": steps_are_told,
    "get_portfolio": four_shares_are_held,
    "get_positions": nothing_is_open,
    "get_margins": there_is_money,
    "get_order_types_info": kinds_are_told,
    "get_orders": no_orders_yet,
    "get_quote": infy_has_a_price,
}


@pytest.mark.parametrize("name", READS)
async def test_what_is_read(olga: Person, broker: str, name: str):
    named = {"broker": broker} if "broker" in COMMANDS[name]["arguments"] else {}

    answer = await olga.call(name, **CALLS[name], **named)

    READS[name](answer, broker)


ON_19_JUNE = {
    "get_technical_indicators": [
        "NSE:INFY RSI(14) 49.09 at 19 Jun 2026 (1d bar, closed)",
        "NSE:INFY MACD(12,26,9) macd ₹2.5496, signal ₹8.8921, histogram -₹6.3425",
    ],
    "get_rsi": ["NSE:INFY RSI(14) 49.09 at 19 Jun 2026 (1d bar, closed)"],
    "get_macd": [
        "NSE:INFY MACD(12,26,9) macd ₹2.5496, signal ₹8.8921, histogram -₹6.3425 at 19 Jun 2026"
    ],
    "get_bollinger_bands": [
        "NSE:INFY BOLLINGER(20,2) upper ₹1,604.22, middle ₹1,567.67, lower ₹1,531.11"
    ],
    "get_vwap": ["NSE:INFY VWAP ₹1,561.26 at 19 Jun 2026 15:15 (15m bar, closed)"],
    "get_atr": ["NSE:INFY ATR(14) ₹32.21 at 19 Jun 2026"],
    "get_adx": ["NSE:INFY ADX(14) adx 15.42, plusDI 18.27, minusDI 15.21 at 19 Jun 2026"],
}
"""The simulated market is a function of seed and time, the same at every broker."""


@pytest.mark.parametrize("name", ON_19_JUNE)
async def test_what_is_calculated(olga: Person, broker: str, name: str):
    answer = await olga.call(name, **CALLS[name], broker=broker)

    is_of(answer, broker)
    for line in ON_19_JUNE[name]:
        assert line in answer.text


@pytest.fixture
async def nils(three_brokers: Market) -> AsyncIterator[Person]:
    """Who is logged in at three brokers."""
    async with connected(three_brokers.server.url, three_brokers.site.token("pre-three")) as person:
        for each in REAL:
            await person.log_in_at(each, three_brokers.simulator, "9119119119")
        yield person


async def test_indicators_of_several_brokers_side_by_side(nils: Person):
    arguments = CALLS["compare_technical_indicators"]

    old = await nils.call("compare_technical_indicators", **arguments)
    named = await nils.call(
        "compare_technical_indicators", **arguments, brokers=["kite", "angelone"]
    )

    values = [each["atCommonBar"]["rsi"] for each in old.data["brokers"]]
    assert {each["broker"] for each in old.data["brokers"]} == set(REAL)
    assert len(set(values)) == 1
    assert NUMBER.fullmatch(values[0])
    kite, angelone = named.data["brokers"]
    assert kite["atCommonBar"]["rsi"] == values[0]
    assert angelone["failed"].startswith("BROKER_NOT_SUPPORTED: ")


async def test_portfolios_of_several_brokers_side_by_side_and_as_one(nils: Person):
    compared = await nils.call("compare_portfolios", **CALLS["compare_portfolios"])
    named = await nils.call("compare_portfolios", brokers=["dhan", "angelone"])
    as_one = await nils.call("get_consolidated_portfolio")

    told = {each["broker"]: each["summary"]["holdings"] for each in compared.data["portfolios"]}
    assert told == {"kite": 4, "groww": 4, "dhan": 4}
    assert named.data["comparedBrokers"] == ["dhan"]
    codes = {each["broker"]: each["code"] for each in named.data["portfolios"]}
    assert codes == {"dhan": None, "angelone": "BROKER_NOT_SUPPORTED"}
    parts = [part for row in as_one.data["consolidated"] for part in row["parts"]]
    assert sorted(part["broker"] for part in parts) == sorted(list(REAL) * 4)
    (total,) = as_one.data["totals"]
    assert (total["mode"], sorted(total["brokers"])) == ("SIMULATED", sorted(REAL))
    assert MONEY.fullmatch(total["current"])
