"""What the simulated Dhan answers has the keys and kinds of values that Dhan documents."""

import pytest

from tests.infrastructure.simulator.brokers import at_dhan, day_token
from tests.infrastructure.simulator.shapes import SHAPES, described, misfits
from tests.infrastructure.simulator.test_dhan_face import (
    BUY_ONE_INFY,
    OCO,
    WAITING,
    charts,
)

ONE = {
    "dhanClientId": "ALICE",
    "exchangeSegment": "NSE_EQ",
    "transactionType": "BUY",
    "quantity": 1,
    "productType": "CNC",
    "securityId": "1594",
    "price": 1400,
}
BASKET = {
    "dhanClientId": "ALICE",
    "includePosition": False,
    "includeOrder": False,
    "scripList": [ONE],
}
SECURITIES = {"NSE_EQ": [1594], "IDX_I": [13]}
NIFTY = {"UnderlyingScrip": 13, "UnderlyingSeg": "IDX_I"}


@pytest.fixture
def alice(kite):
    with at_dhan(kite, day_token(kite, "dhan", "ALICE")) as http:
        yield http


ASKED = {
    "order_short": lambda http: http.post("/orders", json=BUY_ONE_INFY),
    "orders": lambda http: http.get("/orders"),
    "order": lambda http: http.get("/orders/external/c1"),
    "trades": lambda http: http.get("/trades/"),
    "forever_short": lambda http: http.post("/forever/orders", json=OCO),
    "forever_orders": lambda http: http.get("/forever/orders"),
    "profile": lambda http: http.get("/profile"),
    "fundlimit": lambda http: http.get("/fundlimit"),
    "margincalculator": lambda http: http.post("/margincalculator", json=ONE),
    "margincalculator_multi": lambda http: http.post("/margincalculator/multi", json=BASKET),
    "holdings": lambda http: http.get("/holdings"),
    "positions": lambda http: http.get("/positions"),
    "killswitch": lambda http: http.get("/killswitch"),
    "marketfeed_ltp": lambda http: http.post("/marketfeed/ltp", json=SECURITIES),
    "marketfeed_ohlc": lambda http: http.post("/marketfeed/ohlc", json=SECURITIES),
    "marketfeed_quote": lambda http: http.post("/marketfeed/quote", json=SECURITIES),
    "charts": lambda http: http.post("/charts/historical", json=charts()),
    "optionchain": lambda http: http.post("/optionchain", json=NIFTY | {"Expiry": "2026-12-01"}),
    "expirylist": lambda http: http.post("/optionchain/expirylist", json=NIFTY),
    "error": lambda http: http.get("/orders/1"),
    "data_error": lambda http: http.post("/optionchain", json=NIFTY),
}


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_has_the_shape_that_dhan_documents(alice, name):
    alice.post("/orders", json=BUY_ONE_INFY)
    alice.post("/orders", json=WAITING)
    alice.post("/forever/orders", json=OCO)

    answer = ASKED[name](alice).json()

    assert answer not in ({}, [])
    assert misfits(described("dhan", name), answer) == []


def test_every_described_shape_is_compared():
    assert {file.stem for file in (SHAPES / "dhan").iterdir()} == set(ASKED)
