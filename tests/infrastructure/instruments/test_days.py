"""One file a day: which one answers, how a new one comes, and what becomes of old ones."""

import os
import sqlite3
import threading
from datetime import date, timedelta

import pytest

from domain.errors import UnknownInstrument
from infrastructure.instruments import files
from infrastructure.instruments.table import InstrumentTable
from tests.infrastructure.instruments.support import EIGHT_O_CLOCK, KITE, MONDAY, make_table

FRIDAY = date(2026, 11, 20)
TUESDAY = date(2026, 11, 24)
PACKED_HEAD = b"\x1f\x8b\x08" + bytes(7)
NEW_SHARE = "4632577,18096,JUBLFOOD,JUBILANT FOODWORKS,0.0,,0.0,0.05,1,EQ,NSE,NSE"


@pytest.fixture
def table(tmp_path):
    found = InstrumentTable(tmp_path / "instruments")
    yield found
    found.close()


def test_without_a_table_the_built_in_list_answers_for_every_broker(table):
    reliance, nifty = table.resolve("RELIANCE-EQ"), table.resolve("NIFTY")

    assert (reliance.name, reliance.isin) == ("NSE:RELIANCE", "INE002A01018")
    assert reliance.kite
    assert reliance.dhan
    assert reliance.groww
    assert (reliance.kite.instrument_token, reliance.dhan.security_id) == (738561, "2885")
    assert nifty.dhan
    assert nifty.dhan.exchange_segment == "IDX_I"
    assert [each.name for each in table.search("infosys").instruments] == ["NSE:INFY", "BSE:INFY"]


def test_the_built_in_list_says_what_it_is_and_that_a_table_can_be_loaded(table):
    facts = table.facts()

    assert (facts.built_in, facts.trading_day, facts.loaded_at) == (True, None, None)
    assert facts.quarantined == 0
    with pytest.raises(
        UnknownInstrument, match="Next: search_instruments; only a short list is loaded here"
    ):
        table.resolve("NFO:NIFTY:2026-11-23:24650:CE")


def test_asking_makes_no_file(table):
    table.resolve("INFY")

    assert not table.directory.exists()


def test_a_table_that_is_loaded_meanwhile_answers_the_next_question(table):
    assert table.facts().built_in
    make_table(table.directory)

    assert table.facts().trading_day == MONDAY
    assert table.find("NSE", "JUBLFOOD") is None
    make_table(table.directory, TUESDAY, kite=[*KITE, NEW_SHARE])
    assert table.find("NSE", "JUBLFOOD") is not None
    assert table.facts().trading_day == TUESDAY


def test_a_newer_table_of_the_same_day_takes_the_place_of_the_older(table, tmp_path):
    make_table(table.directory)
    assert table.find("NSE", "JUBLFOOD") is None
    make_table(tmp_path / "beside", kite=[*KITE, NEW_SHARE])
    files.put_in_place(
        files.table_file(tmp_path / "beside", MONDAY), files.table_file(table.directory, MONDAY)
    )

    assert table.find("NSE", "JUBLFOOD") is not None


def test_threads_ask_while_tables_change_and_nobody_fails(table, tmp_path):
    make_table(table.directory)
    for number in range(6):
        make_table(tmp_path / str(number), kite=[*KITE, NEW_SHARE])
    troubles: list[BaseException] = []
    done = threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                assert table.resolve("RELIANCE").name == "NSE:RELIANCE"
                assert table.search("nifty 24650 ce").total == 3
        except BaseException as e:  # noqa: BLE001 - told to the test's own thread
            troubles.append(e)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(6):
        files.put_in_place(
            files.table_file(tmp_path / str(number), MONDAY),
            files.table_file(table.directory, MONDAY),
        )
        assert table.find("NSE", "JUBLFOOD") is not None
    done.set()
    for thread in threads:
        thread.join()

    assert troubles == []


def test_an_earlier_day_is_asked_by_its_date_and_a_weekend_by_the_table_before_it(table):
    make_table(table.directory, FRIDAY, kite=[*KITE, NEW_SHARE])
    make_table(table.directory, MONDAY)

    assert table.resolve("JUBLFOOD", on=FRIDAY).name == "NSE:JUBLFOOD"
    assert table.resolve("JUBLFOOD", on=date(2026, 11, 22)).name == "NSE:JUBLFOOD"
    for later in (MONDAY, TUESDAY, None):
        with pytest.raises(UnknownInstrument):
            table.resolve("JUBLFOOD", on=later)


def test_a_day_before_the_oldest_table_is_refused_in_words(table):
    with pytest.raises(UnknownInstrument, match=r"there is none\. Next: trading-server"):
        table.resolve("INFY", on=FRIDAY)
    make_table(table.directory)
    with pytest.raises(UnknownInstrument, match="the oldest is of 2026-11-23"):
        table.resolve("INFY", on=FRIDAY)


def test_old_tables_are_packed_never_deleted_and_still_answer(table):
    days = [MONDAY - timedelta(days=n) for n in range(6)]
    for day in days:
        make_table(table.directory, day)
    files.pack_old(table.directory)
    files.pack_old(table.directory)

    assert files.days(table.directory) == days
    kinds = sorted(os.listdir(table.directory))
    assert kinds == [
        "2026-11-18.db.gz",
        "2026-11-19.db.gz",
        "2026-11-20.db.gz",
        "2026-11-21.db",
        "2026-11-22.db",
        "2026-11-23.db",
    ]
    for day in days:
        assert table.resolve("INFY", on=day).name == "NSE:INFY"


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + bytes(4096)])
def test_a_damaged_table_is_passed_over_for_the_one_before(table, content):
    make_table(table.directory, FRIDAY)
    files.table_file(table.directory, MONDAY).write_bytes(content)

    assert table.facts().trading_day == FRIDAY
    assert table.resolve("INFY").name == "NSE:INFY"


@pytest.mark.parametrize("content", [b"", b"not packed", PACKED_HEAD, PACKED_HEAD + b"\xff" * 99])
def test_a_packed_table_that_is_damaged_is_passed_over_and_said_to_be(table, content):
    make_table(table.directory, FRIDAY - timedelta(days=1))
    files.packed(files.table_file(table.directory, FRIDAY)).write_bytes(content)

    assert table.facts().trading_day == FRIDAY - timedelta(days=1)
    make_table(table.directory)
    with pytest.raises(UnknownInstrument, match="cannot be"):
        table.resolve("INFY", on=FRIDAY)


def test_a_table_of_another_format_is_passed_over(table):
    make_table(table.directory)
    with sqlite3.connect(files.table_file(table.directory, MONDAY)) as connection:
        connection.execute("UPDATE about SET value = '99' WHERE key = 'format'")
    connection.close()

    assert table.facts().built_in


def test_files_that_are_no_tables_are_not_looked_at(table):
    make_table(table.directory)
    for name in ("2026-11-24.db.gz.new", "2026-13-01.db", "notes.db", "loading.lock"):
        (table.directory / name).write_bytes(b"x")

    assert files.days(table.directory) == [MONDAY]
    assert table.facts().trading_day == MONDAY


def test_a_table_says_when_it_was_loaded(table):
    make_table(table.directory, now=EIGHT_O_CLOCK + timedelta(minutes=10))

    loaded_at = table.facts().loaded_at
    assert loaded_at == EIGHT_O_CLOCK + timedelta(minutes=10)
