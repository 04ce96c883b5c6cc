"""The first orders after a start come in several threads at once, which all import an SDK."""

import subprocess
import sys

import pytest

ALL_AT_ONCE = """
import sys, threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from application.ports.broker import (Access, BrokerDown, Secrets)
from application.ports.broker_orders import (OrderTicket)
from domain.vocabulary import OrderTerms
from infrastructure.brokers.dhan import DhanBroker
from infrastructure.brokers.groww import GrowwBroker
from infrastructure.brokers.kite import KiteBroker
from tests.fakes.instruments import FakeInstruments

NOBODY, NOW = "http://127.0.0.1:9", datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
NOTHING = FakeInstruments([])
BROKERS = [kind(NOBODY, Path("nowhere"), NOTHING) for kind in (GrowwBroker, DhanBroker)]
BROKERS.append(KiteBroker(NOBODY, Path("nowhere")))
TERMS = OrderTerms(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    order_type="MARKET",
    product="CNC",
    quantity_shares=1,
)
ready, reasons = threading.Barrier(9), []
sys.setswitchinterval(1e-6)


def call(number):
    broker = BROKERS[number % 3]
    secrets = {"api_key": "k", "access_token": f"t{number}", "client_id": "1100"}
    access = Access(principal=UUID(int=number + 1), account_id="A", secrets=Secrets(secrets))
    ticket = OrderTicket(order_key="k", broker_tag="u" + "a" * 19, terms=TERMS)
    ready.wait()
    if number < 5:
        reasons.append(broker.place(access, ticket, NOW).reason)
        return
    try:
        broker.orders(access, NOW)
    except BrokerDown as down:
        reasons.append(str(down))


threads = [threading.Thread(target=call, args=(n,)) for n in range(9)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(reasons), [r for r in reasons if "Import" in r or "prepared" in r])
"""


@pytest.mark.parametrize("attempt", range(4))
def test_threads_that_import_the_sdks_at_once_do_not_trip_over_each_other(attempt):
    done = subprocess.run(
        [sys.executable, "-c", ALL_AT_ONCE], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "9 []", done.stderr
