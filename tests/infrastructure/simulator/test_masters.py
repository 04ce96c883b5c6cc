"""The simulator's master files: realistic in size and shape, the same all day, and fit to join."""

import csv
import gzip
from collections import Counter
from datetime import date
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette

from infrastructure.instruments.building import MasterFile, build
from infrastructure.instruments.files import table_file
from infrastructure.instruments.table import InstrumentTable
from infrastructure.simulator.app import running
from infrastructure.simulator.market.universe import listing
from infrastructure.simulator.masters.files import dhan_file, groww_file, kite_file
from infrastructure.simulator.masters.routes import Masters
from tests.infrastructure.simulator.support import OPENING_BELL, StandingClock

MONDAY = date(2026, 11, 23)
FILES = {"kite": kite_file, "groww": groww_file, "dhan": dhan_file}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("masters")
    found = {}
    for broker, file in FILES.items():
        found[broker] = directory / f"{broker}.csv"
        with found[broker].open("w") as out:
            out.writelines(file(MONDAY))
    return found


@pytest.fixture(scope="module")
def table(written, tmp_path_factory):
    directory = tmp_path_factory.mktemp("instruments")
    files = [MasterFile(broker=broker, path=path) for broker, path in written.items()]
    build(files, table_file(directory, MONDAY), directory, MONDAY, OPENING_BELL)
    found = InstrumentTable(directory)
    yield found
    found.close()


def rows(path: Path):
    with path.open(newline="") as lines:
        yield from csv.DictReader(lines)


@pytest.mark.parametrize("broker", FILES)
def test_a_file_has_about_as_many_rows_as_the_brokers_own(written, broker):
    assert 110_000 < sum(1 for _ in rows(written[broker])) < 130_000


@pytest.mark.parametrize("broker", FILES)
def test_every_line_has_as_many_cells_as_the_header(written, broker):
    with written[broker].open(newline="") as lines:
        assert len({len(line) for line in csv.reader(lines)}) == 1


def test_the_file_of_a_day_is_always_the_same_and_that_of_another_day_is_not(written):
    assert "".join(kite_file(MONDAY)) == written["kite"].read_text()
    assert "".join(kite_file(date(2026, 12, 7))) != written["kite"].read_text()


def test_kites_tokens_are_its_own_and_unique(written):
    tokens = [
        (int(row["instrument_token"]), int(row["exchange_token"]), row["segment"])
        for row in rows(written["kite"])
    ]
    segments = Counter((own & 0xFF, segment) for own, _, segment in tokens)

    assert len({own for own, _, _ in tokens}) == len(tokens)
    assert all(own >> 8 == token for own, token, _ in tokens)
    assert max(own for own, _, _ in tokens) < 1 << 32
    assert {segment for number, segment in segments if number == 2} == {"NFO-FUT", "NFO-OPT"}
    assert {segment for number, segment in segments if number == 9} == {"INDICES"}


def test_the_table_made_of_them_knows_everything_that_is_simulated_at_every_broker(table):
    strangers = []
    for each in listing(MONDAY).all:
        found = table.find(each.exchange, each.symbol)
        if found is None or not (found.kite and found.dhan):
            strangers.append(each.symbol)
            continue
        assert found.kite.instrument_token == each.instrument_token
        assert found.dhan.security_id == each.dhan_security_id
        assert found.dhan.exchange_segment == each.dhan_segment
        assert (found.expiry, found.strike_inr) == (each.expiry, each.strike_inr)
        assert found.groww is not None
        if each.kind != "INDEX":
            assert (found.lot_size_shares, found.tick_inr) == (
                each.lot_size_shares,
                each.tick_inr,
            )

    assert strangers == []


def test_what_was_made_to_disagree_is_in_quarantine_and_nothing_else(table):
    found = {(each.trading_symbol, each.field) for each in table.quarantine(limit=1000)}
    contracts = {symbol for symbol, _ in found if symbol.startswith("KOTAKBANK")}

    assert {field for _, field in found} == {"lot", "tick", "strike", "expiry"}
    assert len(contracts) == 9
    assert len(found) == 9 + 3
    assert table.facts().quarantined == 9 + 2 * 3


def test_a_lot_that_only_kite_doubts_is_traded_at_the_other_two(table):
    found = table.resolve("KOTAKBANK26DECFUT")

    assert found.kite is None
    assert found.groww
    assert found.dhan
    assert found.lot_size_shares == 25


def test_of_two_words_against_each_other_neither_counts(table):
    [symbol] = {
        each.trading_symbol for each in table.quarantine(limit=1000) if each.value == "0.25"
    }
    found = table.resolve(f"NSE:{symbol}")

    assert (found.kite, found.dhan, found.groww) == (None, None, None)


def test_some_shares_are_listed_by_two_brokers_only(table):
    not_at_kite = table.known_to("dhan", "32000", "NSE_EQ")
    not_at_dhan = table.known_to("kite", str(32_100 << 8 | 1))
    not_at_groww = table.known_to("kite", str(32_200 << 8 | 1))

    assert (not_at_kite.kite, not_at_dhan.dhan, not_at_groww.groww) == (None, None, None)
    assert not_at_kite.groww
    assert not_at_dhan.groww
    assert not_at_groww.dhan
    assert table.known_to("kite", str(32_000 << 8 | 1)) is None


@pytest.fixture(scope="module")
def http():
    app = Starlette(routes=Masters(StandingClock()).routes())
    with running(app) as url, httpx2.Client(base_url=url, trust_env=False) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "broker"),
    [
        ("/instruments", "kite"),
        ("/instruments/instrument.csv", "groww"),
        ("/api-data/api-scrip-master-detailed.csv", "dhan"),
    ],
)
def test_the_files_are_served_at_the_brokers_own_paths_packed_on_request(
    http, written, path, broker
):
    with http.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert gzip.decompress(packed).decode() == written[broker].read_text()


def test_kite_serves_one_exchange_alone(http):
    answer = http.get("/instruments/BFO", headers={"Accept-Encoding": "identity"})
    found = {row["exchange"] for row in csv.DictReader(answer.text.splitlines())}

    assert found == {"BFO"}
    assert http.get("/instruments/NYSE").status_code == 400


def test_kites_own_sdk_reads_its_file(http):
    from kiteconnect import KiteConnect

    sdk = KiteConnect(api_key="demo", root=str(http.base_url).rstrip("/"))
    sdk.reqsession.trust_env = False
    found = {each["tradingsymbol"]: each for each in sdk.instruments("BFO")}

    future = next(each for symbol, each in found.items() if symbol.endswith("FUT"))
    assert future["name"] == "SENSEX"
    assert isinstance(future["expiry"], date)
    assert future["lot_size"] == 20
