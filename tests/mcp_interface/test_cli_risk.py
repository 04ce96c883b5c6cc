from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from application.writer import Context, Writer
from domain.catalog import CATALOG
from domain.control_events import RiskReserved
from domain.events import SessionCreated
from domain.orders import DISPATCH_WITHIN
from domain.risk_ledger import same_as
from domain.streams import risk_ledger_stream, session_stream
from domain.vocabulary import RiskFacts
from infrastructure.store.sqlite import SqliteEventStore
from tests.domain.facts import REQUESTED, TEN_INFY
from tests.fakes.clock import CountingIds, ManualClock
from tests.mcp_interface.command_line import CommandLine

FRIDAY = date(2026, 11, 20)
TEN = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    made = CommandLine(tmp_path)
    made.json("users", "add", "asha")
    return made


def limits_of(cli: CommandLine, *user: str) -> dict[str, tuple[str, str]]:
    """Value and who set it, by the limit's name."""
    rows = cli.json("risk", "show", *user)["limits"]
    return {row["limit"]: (row["value"], row["setBy"]) for row in rows}


def test_without_a_name_the_limits_are_everybodys(cli):
    configured = cli.given(TRADING_RISK_LIMITS="max_orders_per_day=50, denied_symbols=NFO:NIFTY")

    limits = limits_of(configured)
    assert limits["max_orders_per_day"] == ("50", "configuration")
    assert limits["denied_symbols"] == ("NFO:NIFTY", "configuration")
    assert limits["max_order_value_inr"] == ("200000", "default")
    first = cli("risk", "show").rows[0]
    assert (first["limit"], first["value"], first["set by"]) == (
        "max_order_value_inr",
        "200000",
        "default",
    )


def test_a_user_gets_limits_of_their_own_and_loses_them_again(cli):
    cli.json("users", "add", "ravi")
    made = cli.json(
        *("risk", "set", "asha", "max_order_value_inr=50000", "market_hours=always"),
        *("--reason", "asked for it"),
    )

    assert made == {
        "user": "asha",
        "limits": {"max_order_value_inr": "50000", "market_hours": "always"},
        "reason": "asked for it",
    }
    limits = limits_of(cli, "asha")
    assert limits["max_order_value_inr"] == ("50000", "operator")
    assert limits["max_orders_per_day"] == ("100", "default")
    assert limits_of(cli, "ravi")["max_order_value_inr"] == ("200000", "default")

    back = cli("risk", "set", "asha", "max_order_value_inr=default", "--reason", "over")
    assert back.err == "asha now has max_order_value_inr=200000.\n"
    assert limits_of(cli, "asha")["max_order_value_inr"] == ("200000", "default")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("risk set asha max_order_value_inr=lots --reason why", "INVALID_ARGUMENT"),
        ("risk set asha max_lots=1 --reason why", "INVALID_ARGUMENT"),
        ("risk set asha max_orders_per_day --reason why", "INVALID_ARGUMENT"),
        ("risk set nobody max_orders_per_day=1 --reason why", "INVALID_ARGUMENT"),
        ("risk show nobody", "INVALID_ARGUMENT"),
        ("risk set asha max_orders_per_day=1", "USAGE"),
        ("risk set asha --reason why", "USAGE"),
        ("audit whatif asha --day yesterday", "INVALID_ARGUMENT"),
        ("audit whatif asha --day 2026-11-20 --limits max_lots=1", "INVALID_ARGUMENT"),
        ("audit whatif asha", "USAGE"),
    ],
)
def test_wrong_usage_is_exit_code_two(cli, words, code):
    assert cli.json(*words.split(), code=2)["code"] == code


def test_a_configuration_that_cannot_be_read_starts_nothing_and_is_not_echoed(cli):
    wrong = cli.given(TRADING_RISK_LIMITS="max_order_value_inr=hushhush")

    problem = wrong.json("risk", "show", code=2)
    assert problem["code"] == "CANNOT_START"
    assert problem["message"].startswith(
        "TRADING_RISK_LIMITS cannot be read: max_order_value_inr cannot be that. Next: write rupees"
    )
    assert "hushhush" not in problem["message"]


def test_a_days_orders_are_judged_again_under_other_limits(cli):
    an_order_on_friday(cli)
    friday = ("audit", "whatif", "asha", "--day", "2026-11-20")

    fine = cli.json(*friday)
    assert fine["totals"] == {
        "orders": 1,
        "passedBoth": 1,
        "newlyDenied": 0,
        "newlyPassed": 0,
        "deniedBoth": 0,
        "notJudged": 0,
    }
    found = cli.json(*friday, "--limits", "max_order_value_inr=14000", code=1)
    assert found["totals"]["newlyDenied"] == 1
    [order] = found["orders"]
    assert (order["orderKey"], order["askedAt"]) == ("k1", "2026-11-20T10:00:00.000+05:30")
    assert (order["then"], order["now"], order["nowRule"]) == ("passed", "denied", "order_value")
    assert order["nowThreshold"] == "max_order_value_inr=14000"

    said = cli(*friday, "--limits", "max_order_value_inr=14000")
    assert said.code == 1
    assert said.rows[0]["because of"] == "max_order_value_inr=14000"
    assert said.err == (
        "Orders: 1. Passed then and denied now: 1. Denied then and passed now: 0. Not judged: 0.\n"
    )


def test_without_limits_those_that_the_user_has_now_are_tried(cli):
    an_order_on_friday(cli)
    cli.json("risk", "set", "asha", "max_order_value_inr=14000", "--reason", "too careless")

    now = cli.json("audit", "whatif", "asha", "--day", "2026-11-20", code=1)
    assert now["orders"][0]["nowThreshold"] == "max_order_value_inr=14000"
    other = ("--day", "2026-11-20", "--limits", "max_order_value_inr=default")
    assert cli.json("audit", "whatif", "asha", *other)["totals"]["passedBoth"] == 1


def test_a_day_without_orders_is_fine(cli):
    assert cli.json("audit", "whatif", "asha", "--day", "2026-11-19")["orders"] == []


def an_order_on_friday(cli: CommandLine) -> None:
    """Facts as they are stored when an order of 14,805 rupees is asked for at 10:00 in India."""
    [asha] = cli.json("users", "list")["users"]
    principal = UUID(asha["principal"])
    session, ledger = session_stream(principal, "desk", 1), risk_ledger_stream(principal, FRIDAY)
    store = SqliteEventStore(cli.data_dir / "events.db", 1000)
    writer = Writer(store=store, clock=ManualClock(TEN), ids=CountingIds(), catalog=CATALOG)
    context = Context(principal=principal, actor="user", correlation_id=UUID(int=0xC0))
    facts = (
        (
            session,
            SessionCreated(label="desk", generation=1, ends_at=TEN + timedelta(days=7)),
            replace(
                REQUESTED,
                dispatch_by=TEN + DISPATCH_WITHIN,
                risk=RiskFacts(value_inr=Decimal("14805.00")),
            ),
        ),
        (
            ledger,
            RiskReserved(
                order_key="k1",
                session_id=session,
                broker="kite",
                account_fingerprint="acc-1",
                same_as=same_as("acc-1", TEN_INFY),
                value_inr=Decimal("14805.00"),
                at=TEN,
                broker_tag="utag0000000000000001",
            ),
        ),
    )
    streams = [stream for stream, *_ in facts]
    writer.decide(context, streams, lambda _: [events for _, *events in facts])
    store.close()
