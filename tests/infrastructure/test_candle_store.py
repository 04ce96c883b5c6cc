"""Candles on disk, and what becomes of questions when the disk is no help."""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from application.ports.candle_store import Kept
from domain.vocabulary import BrokerName
from infrastructure.candle_store import FILE, SqliteCandleStore
from tests.application.bar_rows import bar, days, ist, table

KEPT = Kept(
    since=ist(9), until=ist(14), checked_at=ist(20, 10), bars=table(*days(9, 10, 11, 12, 13))
)
A_BAR_BYTES = 56


def store(directory: Path, most_bars: int = 1000, kite: str = "") -> SqliteCandleStore:
    origins: dict[BrokerName, str] = {"kite": kite, "paper": "2026"}
    return SqliteCandleStore(directory, origins, most_bars * A_BAR_BYTES)


def test_what_is_written_is_read_again_by_another_process(tmp_path):
    store(tmp_path).write("kite", "NSE:INFY", "1d", KEPT)

    assert store(tmp_path).read("kite", "NSE:INFY", "1d") == KEPT


def test_every_column_comes_back(tmp_path):
    odd = replace(bar(ist(9)), open_interest_shares=7, volume_shares=10**12)
    kept = replace(KEPT, bars=table(odd, *days(10, price="0.0025")))
    here = store(tmp_path)

    here.write("kite", "NFO:X", "1d", kept)

    found = here.read("kite", "NFO:X", "1d")
    assert found is not None
    assert list(found.bars.candles()) == [odd, *days(10, price="0.0025")]


def test_brokers_instruments_intervals_and_origins_are_kept_apart(tmp_path):
    here, at_a_simulator = store(tmp_path), store(tmp_path, kite="http://127.0.0.1:9100")

    here.write("kite", "NSE:INFY", "1d", KEPT)

    assert here.read("kite", "NSE:TCS", "1d") is None
    assert here.read("kite", "NSE:INFY", "5m") is None
    assert here.read("paper", "NSE:INFY", "1d") is None
    assert at_a_simulator.read("kite", "NSE:INFY", "1d") is None


def test_a_wider_span_takes_the_place_of_what_is_there(tmp_path):
    here = store(tmp_path)
    wider = replace(KEPT, until=ist(20), bars=table(*days(9, 10, 11, 12, 13, 16, 17)))

    here.write("kite", "NSE:INFY", "1d", KEPT)
    here.write("kite", "NSE:INFY", "1d", wider)

    assert here.read("kite", "NSE:INFY", "1d") == wider


def test_no_more_is_claimed_than_what_was_fetched(tmp_path):
    here = store(tmp_path)
    part = timedelta(milliseconds=400)

    here.write("kite", "NSE:INFY", "1d", replace(KEPT, since=ist(9) - part, until=ist(14) + part))

    found = here.read("kite", "NSE:INFY", "1d")
    assert found is not None
    assert (found.since, found.until) == (ist(9), ist(14))


def test_what_was_not_used_for_the_longest_time_makes_room(tmp_path):
    here = store(tmp_path, most_bars=10)

    for day, name in ((17, "NSE:A"), (16, "NSE:B"), (18, "NSE:C")):
        here.write("kite", name, "1d", replace(KEPT, checked_at=ist(day)))

    left = [name for name in ("NSE:A", "NSE:B", "NSE:C") if here.read("kite", name, "1d")]
    assert left == ["NSE:A", "NSE:C"]


def test_what_is_larger_than_all_room_is_not_kept(tmp_path):
    here = store(tmp_path, most_bars=4)

    here.write("kite", "NSE:INFY", "1d", KEPT)

    assert here.read("kite", "NSE:INFY", "1d") is None


def test_threads_and_processes_write_side_by_side(tmp_path):
    """On a machine that is too busy one may be done without: it is a cache. None is ever wrong."""
    stores = [store(tmp_path), store(tmp_path)]

    def write_and_read(number: int) -> Kept | None:
        here, name = stores[number % 2], f"NSE:{number}"
        here.write("kite", name, "1d", KEPT)
        return here.read("kite", name, "1d")

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(write_and_read, range(40)))

    assert all(each in (KEPT, None) for each in found)
    assert KEPT in found
    assert [write_and_read(number) for number in (40, 41)] == [KEPT, KEPT]


@pytest.mark.parametrize(
    "content", [b"no database at all", b"SQLite format 3\x00" + b"\xff" * 4096]
)
def test_a_broken_file_is_done_without_and_said_once(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    here = store(tmp_path)

    with capture_logs() as logged:
        here.write("kite", "NSE:INFY", "1d", KEPT)
        found = here.read("kite", "NSE:INFY", "1d")

    assert found is None
    assert [entry["log_level"] for entry in logged] == ["warning"]
    assert str(tmp_path / FILE) in logged[0]["file"]


def test_a_directory_that_cannot_be_written_is_done_without(tmp_path):
    here = store(tmp_path / "nowhere")

    with capture_logs() as logged:
        here.write("kite", "NSE:INFY", "1d", KEPT)
        here.write("kite", "NSE:TCS", "1d", KEPT)

    assert len(logged) == 1


def test_bytes_that_are_no_columns_are_nothing(tmp_path):
    store(tmp_path).write("kite", "NSE:INFY", "1d", KEPT)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE candles_v1 SET bars = substr(bars, 2)")

    assert store(tmp_path).read("kite", "NSE:INFY", "1d") is None


def test_somebody_who_writes_for_long_is_waited_for_and_then_done_without(tmp_path, monkeypatch):
    monkeypatch.setattr("infrastructure.candle_store._BUSY_SECONDS", 0.05)
    here = store(tmp_path)
    here.write("kite", "NSE:INFY", "1d", KEPT)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)

    other.execute("BEGIN IMMEDIATE")
    with capture_logs() as logged:
        here.write("kite", "NSE:TCS", "1d", KEPT)
    other.execute("ROLLBACK")
    here.write("kite", "NSE:WIPRO", "1d", KEPT)

    assert logged == []
    assert here.read("kite", "NSE:TCS", "1d") is None
    assert here.read("kite", "NSE:WIPRO", "1d") == KEPT


def test_nobody_else_on_the_machine_can_read_it(tmp_path):
    store(tmp_path).write("kite", "NSE:INFY", "1d", KEPT)

    assert os.stat(tmp_path / FILE).st_mode & 0o077 == 0


def test_a_closed_store_has_nothing(tmp_path):
    here = store(tmp_path)
    here.write("kite", "NSE:INFY", "1d", KEPT)

    here.close()

    assert here.read("kite", "NSE:INFY", "1d") is None
