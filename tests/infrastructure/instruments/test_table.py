"""Asking a table: names, spellings, handles, words."""

from datetime import date
from decimal import Decimal

import pytest

from domain.errors import UnknownInstrument
from domain.instruments import DhanHandle, GrowwHandle, Instrument, KiteHandle
from infrastructure.instruments.table import InstrumentTable
from tests.infrastructure.instruments.support import DHAN, GROWW, KITE, MONDAY, make_table


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tables")
    make_table(directory)
    found = InstrumentTable(directory)
    yield found
    found.close()


def names(found):
    return [each.name for each in found.instruments]


def test_a_share_has_the_handles_of_all_three(table):
    assert table.resolve("NSE:RELIANCE") == Instrument(
        name="NSE:RELIANCE",
        exchange="NSE",
        kind="EQ",
        trading_symbol="RELIANCE",
        exchange_token="2885",
        description="RELIANCE INDUSTRIES",
        tick_inr=Decimal("0.1"),
        isin="INE002A01018",
        kite=KiteHandle(instrument_token=738561, trading_symbol="RELIANCE"),
        dhan=DhanHandle(security_id="2885", exchange_segment="NSE_EQ", instrument="EQUITY"),
        groww=GrowwHandle(trading_symbol="RELIANCE", groww_symbol="NSE-RELIANCE", segment="CASH"),
    )


def test_an_option_has_its_attributes(table):
    found = table.resolve("NFO:NIFTY:2026-11-23:24650:CE")

    assert (found.underlying, found.expiry, found.strike_inr, found.kind) == (
        "NIFTY",
        date(2026, 11, 23),
        Decimal(24650),
        "CE",
    )
    assert (found.lot_size_shares, found.tick_inr) == (65, Decimal("0.05"))


def test_indices_join_by_the_table_made_by_hand(table):
    found = table.resolve("NSE:NIFTY 50")

    assert found.kite
    assert found.dhan
    assert found.groww
    assert found.kite.instrument_token == 256265
    assert (found.dhan.security_id, found.dhan.exchange_segment) == ("13", "IDX_I")
    assert found.groww.trading_symbol == "NIFTY"


def test_commodities_join_by_what_they_are(table):
    found = table.resolve("MCX:CRUDEOIL:2026-11-19:FUT")

    assert found.kite
    assert found.dhan
    assert (found.exchange_token, found.dhan.security_id) == ("565899", "777001")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("RELIANCE", "NSE:RELIANCE"),
        ("reliance", "NSE:RELIANCE"),
        (" Reliance ", "NSE:RELIANCE"),
        ("RELIANCE-EQ", "NSE:RELIANCE"),
        ("NSE:RELIANCE-EQ", "NSE:RELIANCE"),
        ("NSE-RELIANCE", "NSE:RELIANCE"),
        ("BSE:RELIANCE", "BSE:RELIANCE"),
        ("BSE-RELIANCE", "BSE:RELIANCE"),
        ("BAJAJ-AUTO", "NSE:BAJAJ-AUTO"),
        ("M&M", "NSE:M&M"),
        ("CENTRALBK-BE", "NSE:CENTRALBK-BE"),
        ("NIFTY 50", "NSE:NIFTY 50"),
        ("NIFTY", "NSE:NIFTY 50"),
        ("NSE:BANKNIFTY", "NSE:NIFTY BANK"),
        ("nfo:nifty:2026-11-23:24650:ce", "NFO:NIFTY:2026-11-23:24650:CE"),
        ("NIFTY:2026-12-01:24650:CE", "NFO:NIFTY:2026-12-01:24650:CE"),
        ("NFO:NIFTY:2026-11-23:FUT", "NFO:NIFTY:2026-11-23:FUT"),
        ("NIFTY26NOV24650CE", "NFO:NIFTY:2026-11-23:24650:CE"),
        ("NFO:NIFTY26D0124650CE", "NFO:NIFTY:2026-12-01:24650:CE"),
        ("NSE:NIFTY26NOV24650CE", "NFO:NIFTY:2026-11-23:24650:CE"),
        ("NIFTY26NOVFUT", "NFO:NIFTY:2026-11-23:FUT"),
        ("NSE-NIFTY-23Nov26-24650-CE", "NFO:NIFTY:2026-11-23:24650:CE"),
        ("NSE-NIFTY-23Nov26-FUT", "NFO:NIFTY:2026-11-23:FUT"),
        ("NIFTY-Nov2026-24650-CE", "NFO:NIFTY:2026-11-23:24650:CE"),
        ("NIFTY-Nov2026-FUT", "NFO:NIFTY:2026-11-23:FUT"),
        ("NIFTY 01 DEC 24650 CALL", "NFO:NIFTY:2026-12-01:24650:CE"),
        ("NIFTY 23 NOV 24650 PUT", "NFO:NIFTY:2026-11-23:24650:PE"),
        ("NIFTY NOV FUT", "NFO:NIFTY:2026-11-23:FUT"),
        ("ITC:2026-11-23:412.5:CE", "NFO:ITC:2026-11-23:412.5:CE"),
        ("ITC-Nov2026-412.50-CE", "NFO:ITC:2026-11-23:412.5:CE"),
    ],
)
def test_every_spelling_finds_the_one_instrument(table, text, name):
    assert table.resolve(text).name == name


def test_the_exchange_beside_the_text_decides(table):
    assert table.resolve("RELIANCE", exchange="BSE").name == "BSE:RELIANCE"
    with pytest.raises(UnknownInstrument):
        table.resolve("INFY", exchange="BSE")
    with pytest.raises(UnknownInstrument):
        table.resolve("NSE:INFY", exchange="BSE")


def test_a_spelling_that_leaves_the_day_open_is_right_only_if_one_contract_fits(table):
    with pytest.raises(UnknownInstrument) as refused:
        table.resolve("NIFTY-Dec2026-24650-CE")

    assert str(refused.value) == (
        "'NIFTY-Dec2026-24650-CE' can be NFO:NIFTY:2026-12-01:24650:CE, "
        "NFO:NIFTY:2026-12-08:24650:CE. Next: write one of these in full."
    )


def test_contracts_of_another_market_hide_no_second_one_that_fits(tmp_path):
    def future(exchange, token, day):
        return (
            f"{token << 8},{token},USDINR{day}FUT,USDINR,0,2026-11-{day:02},0,0.0025,1,FUT,"
            f"{exchange}-FUT,{exchange}"
        )

    many = [future("BCD", 500 + day, day) for day in range(2, 9)]
    two = [future("CDS", 600 + day, day) for day in (6, 27)]
    make_table(tmp_path, kite=[*KITE, *many, *two])
    table = InstrumentTable(tmp_path)

    with pytest.raises(UnknownInstrument) as refused:
        table.resolve("NSE:USDINR NOV FUT")

    assert "can be CDS:USDINR:2026-11-06:FUT, CDS:USDINR:2026-11-27:FUT" in str(refused.value)
    table.close()


def test_what_is_not_listed_is_refused_with_the_nearest_names(table):
    with pytest.raises(UnknownInstrument) as refused:
        table.resolve("RELI")

    assert str(refused.value) == (
        "Nothing is called 'RELI'. The nearest: NSE:RELIANCE, BSE:RELIANCE. "
        "Next: search_instruments."
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "x" * 101,
        "NIFTY:2026-02-31:24650:CE",
        "%",
        "NFO:%:____-__-__:FUT",
        '"',
        "NSE:",
        "\udcff",
        "A\x00B",
    ],
)
def test_nonsense_is_refused_in_words(table, text):
    with pytest.raises(UnknownInstrument, match="Next: "):
        table.resolve(text)


def test_find_takes_the_exchanges_symbol_exactly(table):
    found = table.find("NFO", "NIFTY26D0824650CE")

    assert found is not None
    assert found.name == "NFO:NIFTY:2026-12-08:24650:CE"
    assert table.find("NSE", "NIFTY26D0824650CE") is None
    assert table.find("NSE", "reliance") is None


@pytest.mark.parametrize(
    ("broker", "token", "segment", "name"),
    [
        ("kite", "738561", None, "NSE:RELIANCE"),
        ("kite", "128083204", None, "BSE:RELIANCE"),
        ("kite", "256265", None, "NSE:NIFTY 50"),
        ("dhan", "2885", "NSE_EQ", "NSE:RELIANCE"),
        ("dhan", "13", "IDX_I", "NSE:NIFTY 50"),
        ("dhan", "777001", "MCX_COMM", "MCX:CRUDEOIL:2026-11-19:FUT"),
        ("groww", "RELIANCE", "NSE:CASH", "NSE:RELIANCE"),
        ("groww", "RELIANCE", "BSE:CASH", "BSE:RELIANCE"),
        ("groww", "NIFTY26NOVFUT", "NSE:FNO", "NFO:NIFTY:2026-11-23:FUT"),
        ("groww", "NIFTY", "NSE:CASH", "NSE:NIFTY 50"),
    ],
)
def test_a_brokers_own_handle_is_known(table, broker, token, segment, name):
    found = table.known_to(broker, token, segment)

    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("broker", "token", "segment"),
    [
        ("kite", "2885", None),
        ("kite", "RELIANCE", None),
        ("kite", "9" * 40, None),
        ("dhan", "2885", "BSE_EQ"),
        ("dhan", "2885", None),
        ("groww", "RELIANCE", None),
        ("groww", "RELIANCE", "NSE:FNO"),
        ("groww", "M&M", "NSE:CASH"),
        ("paper", "RELIANCE", None),
    ],
)
def test_a_handle_that_the_broker_does_not_have_is_unknown(table, broker, token, segment):
    assert table.known_to(broker, token, segment) is None


def test_a_share_that_groww_calls_otherwise_is_found_by_that_name(tmp_path):
    line = "NSE,14898,CENTRALBK,NSE-CENTRALBK,Central,EQ,CASH,BE,,,,,,1,0.05,,0,1,1,X,1"
    make_table(tmp_path, kite=KITE, groww=[line])
    table = InstrumentTable(tmp_path)

    assert table.known_to("groww", "CENTRALBK", "NSE:CASH") == table.find("NSE", "CENTRALBK-BE")
    assert table.resolve("CENTRALBK").name == "NSE:CENTRALBK-BE"
    table.close()


def test_search_shows_the_exact_symbol_first_then_shares_then_contracts(table):
    assert names(table.search("nifty")) == [
        "NSE:NIFTY 50",
        "NSE:NIFTY BANK",
        "NFO:NIFTY:2026-11-23:FUT",
        "NFO:NIFTY:2026-11-23:24650:CE",
        "NFO:NIFTY:2026-11-23:24650:PE",
        "NFO:NIFTY:2026-12-01:24650:CE",
        "NFO:NIFTY:2026-12-08:24650:CE",
    ]


@pytest.mark.parametrize(
    ("query", "first", "total"),
    [
        ("reliance", "NSE:RELIANCE", 2),
        ("infosys", "NSE:INFY", 1),
        ("INFO", "NSE:INFY", 1),
        ("nifty 24650 ce", "NFO:NIFTY:2026-11-23:24650:CE", 3),
        ("nifty 24650 call dec", "NFO:NIFTY:2026-12-01:24650:CE", 2),
        ("nifty 01 dec", "NFO:NIFTY:2026-12-01:24650:CE", 1),
        ("banknifty", "NSE:NIFTY BANK", 1),
        ("bajaj auto", "NSE:BAJAJ-AUTO", 1),
        ("bajajauto", "NSE:BAJAJ-AUTO", 1),
        ("m&m", "NSE:M&M", 1),
        ("itc 412.5", "NFO:ITC:2026-11-23:412.5:CE", 1),
        ("NIFTY26NOV24650CE", "NFO:NIFTY:2026-11-23:24650:CE", 1),
        ("nifty26d", "NFO:NIFTY:2026-12-01:24650:CE", 2),
        ("crude fut", "MCX:CRUDEOIL:2026-11-19:FUT", 1),
    ],
)
def test_search_finds_by_words(table, query, first, total):
    found = table.search(query)

    assert (names(found)[0], found.total) == (first, total)


@pytest.mark.parametrize(
    "query", ["", "  ", '"', "* OR *", "NOT", "text : nifty", "€", "246", "x", "a\udcff"]
)
def test_search_for_what_is_nowhere_finds_nothing(table, query):
    assert table.search(query).total == 0


def test_search_keeps_to_an_exchange_and_to_kinds(table):
    assert names(table.search("reliance", exchange="BSE")) == ["BSE:RELIANCE"]
    assert names(table.search("nifty", kinds=("PE", "FUT"))) == [
        "NFO:NIFTY:2026-11-23:FUT",
        "NFO:NIFTY:2026-11-23:24650:PE",
    ]
    assert table.search("nifty", exchange="NFO", kinds=("EQ",)).total == 0


def test_pages_of_a_search_join_without_gaps_or_doubles(table):
    whole = names(table.search("nifty"))
    pages = [table.search("nifty", limit=2, offset=start) for start in (0, 2, 4, 6, 8)]

    assert [name for each in pages for name in names(each)] == whole
    assert {each.total for each in pages} == {7}


def test_expiries_come_nearest_first(table):
    assert table.expiries("NIFTY") == (date(2026, 11, 23), date(2026, 12, 1), date(2026, 12, 8))
    assert table.expiries("CRUDEOIL", "MCX") == (date(2026, 11, 19),)
    assert table.expiries("RELIANCE") == ()


def test_facts_say_what_the_table_is_made_of(table):
    facts = table.facts()

    assert facts.trading_day == MONDAY
    assert facts.sources == ("dhan", "groww", "kite")
    assert (facts.instruments, facts.quarantined, facts.built_in) == (15, 0, False)
    assert facts.loaded_at is not None
    assert facts.loaded_at.isoformat() == "2026-11-23T02:30:00+00:00"


def test_a_broker_in_quarantine_has_no_handle_and_what_it_says_can_be_seen(tmp_path):
    wrong = [line.replace(",65.0,2026-11-23,24650", ",75.0,2026-11-23,24650") for line in DHAN]
    make_table(tmp_path, kite=KITE, groww=GROWW, dhan=wrong)
    table = InstrumentTable(tmp_path)
    found = table.resolve("NIFTY26NOV24650CE")

    assert found.dhan is None
    assert found.kite
    assert found.groww
    assert found.lot_size_shares == 65
    assert table.known_to("dhan", "47317", "NSE_FNO") is None
    assert [(each.field, each.broker, each.value) for each in table.quarantine(found.name)] == [
        ("lot", "dhan", "75"),
        ("lot", "groww", "65"),
        ("lot", "kite", "65"),
    ]
    assert table.facts().quarantined == 1
    assert len(table.quarantine()) == 3
    table.close()


def test_of_two_instruments_with_one_name_none_can_be_traded(tmp_path):
    double = GROWW[2].replace("NSE,1594", "NSE,1595").replace("INE009A01021", "INE009A01999")
    make_table(tmp_path, kite=KITE, groww=[*GROWW, double])
    table = InstrumentTable(tmp_path)

    with pytest.raises(UnknownInstrument, match="can be NSE:INFY, NSE:INFY"):
        table.resolve("NSE:INFY")
    assert table.find("NSE", "INFY") is None
    assert table.known_to("kite", "408065") is None
    assert {(each.name, each.field) for each in table.quarantine()} == {("NSE:INFY", "name")}
    table.close()
