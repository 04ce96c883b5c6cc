"""The brokers' master files, line by line."""

import pytest

from infrastructure.instruments import dhan_file, groww_file, kite_file
from infrastructure.instruments.listing import BadFile
from tests.infrastructure.instruments.support import DHAN, GROWW, KITE, file_of, read

PARSERS = {"kite": kite_file.parser, "groww": groww_file.parser, "dhan": dhan_file.parser}
GOOD = {"kite": KITE, "groww": GROWW, "dhan": DHAN}


def one(broker, line):
    [found], _ = read(PARSERS[broker], file_of(broker, [line]))
    return found


def test_a_share_of_kites_file():
    found = one("kite", KITE[0])

    assert (found.exchange, found.kind, found.symbol, found.token) == (
        "NSE",
        "EQ",
        "RELIANCE",
        "2885",
    )
    assert (found.tick_inr, found.lot_size_shares, found.handle) == ("0.1", 1, ("738561",))
    assert (found.underlying, found.expiry, found.strike_inr) == (None, None, None)


def test_an_option_of_kites_file_has_its_attributes_from_the_columns():
    found = one("kite", KITE[10])

    assert found.symbol == "NIFTY26D0124650CE"
    assert (found.underlying, found.expiry, found.strike_inr, found.kind) == (
        "NIFTY",
        "2026-12-01",
        "24650",
        "CE",
    )


def test_an_index_has_neither_lot_nor_tick():
    found = one("kite", KITE[6])

    assert (found.kind, found.symbol) == ("INDEX", "NIFTY 50")
    assert (found.lot_size_shares, found.tick_inr) == (None, None)


def test_dhans_ticks_are_paise():
    assert one("dhan", DHAN[0]).tick_inr == "0.1"
    assert one("dhan", DHAN[5]).tick_inr == "0.05"
    line = DHAN[5].replace("NSE,D,47317", "NSE,C,1333").replace("5.0000", "0.2500")
    assert one("dhan", line).tick_inr == "0.0025"


def test_dhans_placeholder_for_no_strike_and_no_expiry_is_none():
    future, index = one("dhan", DHAN[7]), one("dhan", DHAN[4])

    assert (future.kind, future.strike_inr) == ("FUT", None)
    assert (index.kind, index.expiry, index.handle) == ("INDEX", None, ("IDX_I", "INDEX"))


def test_an_expiry_with_a_time_is_a_date():
    line = DHAN[5].replace("2026-11-23", "2026-11-23 14:30:00")

    assert one("dhan", line).expiry == "2026-11-23"


def test_the_indices_bear_kites_names_everywhere():
    assert one("dhan", DHAN[4]).symbol == "NIFTY 50"
    assert one("groww", GROWW[3]).symbol == "NIFTY 50"


def test_a_share_of_another_series_is_spelled_as_kite_does():
    assert one("dhan", DHAN[3]).symbol == "CENTRALBK-BE"
    line = GROWW[0].replace("CASH,EQ", "CASH,BE")
    assert one("groww", line).symbol == "RELIANCE-BE"
    assert one("groww", line).handle == ("RELIANCE", "NSE-RELIANCE", "CASH")


def test_a_line_of_a_market_that_we_do_not_know_is_foreign_and_not_bad():
    lines = [KITE[0], "1,2,GOLDPETAL,GOLD,0.0,,0.0,1,1,EQ,NCO,NCO"]
    found, tally = read(kite_file.parser, file_of("kite", lines))

    assert (len(found), tally.bad, tally.foreign) == (1, 0, 1)


@pytest.mark.parametrize(
    "line",
    [
        "x,2885,RELIANCE,R,0.0,,0.0,0.1,1,EQ,NSE,NSE",
        "738561,-1,RELIANCE,R,0.0,,0.0,0.1,1,EQ,NSE,NSE",
        "738561,2885,,R,0.0,,0.0,0.1,1,EQ,NSE,NSE",
        "738561,2885,RELI\x1b[31mANCE,R,0.0,,0.0,0.1,1,EQ,NSE,NSE",
        "738561,2885,RELIANCE,R,0.0,,0.0,0,1,EQ,NSE,NSE",
        "738561,2885,RELIANCE,R,0.0,,0.0,NaN,1,EQ,NSE,NSE",
        "738561,2885,RELIANCE,R,0.0,,0.0,1e30,1,EQ,NSE,NSE",
        "738561,2885,RELIANCE,R,0.0,,0.0,0.1,0,EQ,NSE,NSE",
        "738561,2885,RELIANCE,R,0.0,,0.0,0.1,1.5,EQ,NSE,NSE",
        "738561,2885,RELIANCE,R,0.0,,0.0,0.1,1,XX,NSE,NSE",
        "1,2,NIFTYX,NIFTY,0.0,23-11-2026,24650,0.05,65,CE,NFO-OPT,NFO",
        "1,2,NIFTYX,NIFTY,0.0,,24650,0.05,65,CE,NFO-OPT,NFO",
        "1,2,NIFTYX,NIFTY,0.0,2026-11-23,0.0,0.05,65,CE,NFO-OPT,NFO",
        "1,2,NIFTYX,,0.0,2026-11-23,24650,0.05,65,CE,NFO-OPT,NFO",
        "738561,2885,RELIANCE",
    ],
)
def test_a_line_that_cannot_be_read_is_counted_and_left_out(line):
    found, tally = read(kite_file.parser, file_of("kite", [line, KITE[2]]))

    assert [each.symbol for each in found] == ["INFY"]
    assert (tally.bad, tally.rows) == (1, 2)


@pytest.mark.parametrize("broker", PARSERS)
def test_columns_are_found_by_their_names_wherever_they_are(broker):
    text = file_of(broker, [GOOD[broker][0]])
    turned = "\n".join(",".join(reversed(line.split(","))) for line in text.splitlines())

    assert read(PARSERS[broker], turned)[0] == read(PARSERS[broker], text)[0]


def test_a_byte_order_mark_is_no_part_of_the_first_column():
    assert len(read(groww_file.parser, "\ufeff" + file_of("groww", GROWW))[0]) == 6


@pytest.mark.parametrize("broker", PARSERS)
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no such file"),
        ("<!DOCTYPE html>\n<html><body>Bad gateway</body></html>\n", "a web page"),
        ('{"status":"error","message":"no"}\n', "no such file"),
        ("\x00\x01\x02", "no such file"),
    ],
)
def test_what_is_no_master_file_is_refused(broker, text, why):
    with pytest.raises(BadFile, match=why):
        read(PARSERS[broker], text)


@pytest.mark.parametrize("broker", PARSERS)
def test_a_file_that_lists_nothing_is_refused(broker):
    with pytest.raises(BadFile, match="lists nothing"):
        read(PARSERS[broker], file_of(broker, []))


@pytest.mark.parametrize("broker", PARSERS)
def test_a_file_that_was_cut_off_in_a_line_is_refused(broker):
    text = file_of(broker, GOOD[broker])[:-40]

    with pytest.raises(BadFile, match="cut off"):
        read(PARSERS[broker], text)


def test_a_file_of_which_a_tenth_cannot_be_read_is_refused():
    bad = "738561,2885,RELIANCE,R,0.0,,0.0,-,1,EQ,NSE,NSE"

    read(kite_file.parser, file_of("kite", [bad] * 10 + [KITE[0]] * 89))
    with pytest.raises(BadFile, match="11 of its 100 rows"):
        read(kite_file.parser, file_of("kite", [bad] * 11 + [KITE[0]] * 89))


def test_an_open_quote_swallows_no_file_unnoticed():
    text = file_of("kite", ['1,2,"ODD,ODD,0.0,,0.0,0.1,1,EQ,NSE,NSE', *KITE * 200])

    with pytest.raises(BadFile):
        read(kite_file.parser, text)
