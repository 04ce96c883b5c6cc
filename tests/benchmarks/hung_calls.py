"""How fast Kite answers some people while 60 calls of somebody else hang there."""

import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter

from mcp_interface.work import THREADS_PER_PRINCIPAL
from tests.benchmarks.wire import Caller
from tests.mcp_interface.hung_broker import HUNG_APP, HUNG_USER, HungBroker, hung_broker
from tests.support.waiting import wait_until

HUNG_CALLS = 60
PEOPLE = 12
CALLS_EACH = 8
"""Within what Kite allows an account in a second, so that nobody waits for a turn."""


def run() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="trading-bench-") as directory,
        hung_broker(Path(directory)) as market,
    ):
        before = [_logged_in(market, f"B{n}") for n in range(PEOPLE)]
        meanwhile = [_logged_in(market, f"M{n}") for n in range(PEOPLE)]
        usual = _median_seconds(before)
        _hang(market)
        with_hung = _median_seconds(meanwhile)
    print(
        f"orders of a person at Kite while {HUNG_CALLS} calls of somebody else hang there: "
        f"{with_hung * 1e3:.1f} ms, without them {usual * 1e3:.1f} ms; "
        f"{with_hung / usual:.2f} times as long"
    )


def _logged_in(market: HungBroker, user: str) -> Caller:
    api_key = HUNG_APP if user == HUNG_USER else "demo"
    caller = Caller(market.server.port, market.site.token(user.lower()))
    caller(
        "authenticate_broker",
        {
            "broker": "kite",
            "api_key": api_key,
            "api_secret": f"{api_key}-secret",
            "request_token": market.request_token(user, api_key),
        },
    )
    return caller


def _median_seconds(people: list[Caller]) -> float:
    took = []
    for _ in range(CALLS_EACH):
        for caller in people:
            began = perf_counter()
            caller("get_orders", {"broker": "kite"})
            took.append(perf_counter() - began)
    return median(took)


def _hang(market: HungBroker) -> None:
    _logged_in(market, HUNG_USER).close()
    token = market.site.token(HUNG_USER.lower())

    def call() -> None:
        with suppress(OSError, RuntimeError, ValueError):  # the server goes before an answer comes
            Caller(market.server.port, token)("get_orders", {"broker": "kite"})

    for _ in range(HUNG_CALLS):
        threading.Thread(target=call, daemon=True).start()
    wait_until(lambda: market.hung.requests >= THREADS_PER_PRINCIPAL, "the calls hang")


if __name__ == "__main__":
    run()
