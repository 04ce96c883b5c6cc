import pytest

from infrastructure.simulator.market.instruments import BSE_SHARES, INDICES, INSTRUMENTS


def test_a_share_has_its_tokens_on_either_exchange():
    at_nse, at_bse = INSTRUMENTS["INFY"], BSE_SHARES["INFY"]

    assert (at_nse.exchange_token, at_nse.instrument_token) == (1594, 408065)
    assert (at_bse.exchange_token, at_bse.instrument_token) == (500209, 128053508)
    assert at_nse.isin == at_bse.isin == "INE009A01021"
    assert (at_nse.dhan_segment, at_nse.dhan_security_id) == ("NSE_EQ", "1594")
    assert (at_bse.dhan_segment, at_bse.dhan_security_id) == ("BSE_EQ", "500209")


@pytest.mark.parametrize("shares", [INSTRUMENTS, BSE_SHARES], ids=["NSE", "BSE"])
def test_no_token_is_given_twice(shares):
    tokens = {share.instrument_token for share in shares.values()}

    assert len(tokens) == len(shares) == 53


@pytest.mark.parametrize(
    ("symbol", "kite_token", "dhan_id", "root"),
    [
        ("NIFTY 50", 256265, "13", "NIFTY"),
        ("NIFTY BANK", 260105, "25", "BANKNIFTY"),
        ("NIFTY FIN SERVICE", 257801, "27", "FINNIFTY"),
        ("SENSEX", 265, "51", "SENSEX"),
    ],
)
def test_an_index_has_the_numbers_that_the_brokers_gave_it(symbol, kite_token, dhan_id, root):
    [index] = [index for index in INDICES if index.symbol == symbol]

    assert index.instrument_token == kite_token
    assert (index.dhan_segment, index.dhan_security_id) == ("IDX_I", dhan_id)
    assert index.root == root


@pytest.mark.parametrize("symbol", INSTRUMENTS)
def test_every_isin_has_its_check_digit(symbol):
    isin = INSTRUMENTS[symbol].isin
    digits = "".join(str(int(character, 36)) for character in isin[:-1])
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(reversed(digits))]
    total = sum(d // 10 + d % 10 for d in doubled)

    assert (10 - total % 10) % 10 == int(isin[-1])
