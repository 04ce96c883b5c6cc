import pytest

from infrastructure.simulator.instruments import INSTRUMENTS, resolve


@pytest.mark.parametrize("spelling", ["INFY", "INFY-EQ", "NSE:INFY"])
def test_a_share_is_found_under_all_its_spellings(spelling):
    infosys = resolve("NSE", spelling)

    assert infosys is not None
    assert infosys.exchange_token == 1594
    assert infosys.instrument_token == 408065
    assert infosys.isin == "INE009A01021"


@pytest.mark.parametrize(
    ("exchange", "symbol"),
    [("BSE", "INFY"), ("NSE", "BSE:INFY"), ("NSE", "infy"), ("NSE", "NOPE"), ("NSE", "")],
)
def test_what_is_not_listed_is_not_found(exchange, symbol):
    assert resolve(exchange, symbol) is None


def test_a_symbol_with_a_hyphen_keeps_it():
    bajaj = resolve("NSE", "BAJAJ-AUTO-EQ")

    assert bajaj is not None
    assert bajaj.symbol == "BAJAJ-AUTO"


def test_no_token_is_given_twice():
    tokens = {instrument.instrument_token for instrument in INSTRUMENTS.values()}

    assert len(tokens) == len(INSTRUMENTS) == 53


@pytest.mark.parametrize("symbol", INSTRUMENTS)
def test_every_isin_has_its_check_digit(symbol):
    isin = INSTRUMENTS[symbol].isin
    digits = "".join(str(int(character, 36)) for character in isin[:-1])
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(reversed(digits))]
    total = sum(d // 10 + d % 10 for d in doubled)

    assert (10 - total % 10) % 10 == int(isin[-1])
