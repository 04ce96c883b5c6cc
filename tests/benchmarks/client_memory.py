"""What a person with two logged-in brokers keeps in memory, beyond the SDKs themselves.

A fresh process makes one real call for each of 1,000 people at Kite and at Groww, through the real
SDKs, over HTTP, at the simulator. It is done twice: RSS is what the machine gives away, with the
noise of its pages; what Python allocated (tracemalloc) is exact, and what the test asserts.
"""

import gc
import json
import subprocess
import sys
import tempfile
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from application.ports.broker import Access, Broker, Secrets
from infrastructure.brokers.kite import KiteBroker
from tests.infrastructure.brokers import groww_support, kite_support
from tests.infrastructure.simulator.support import simulated_kite

PEOPLE = 1_000
WARM_UP = 20
MOST_BYTES = 20 * 1024
NOW = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)


def bytes_each(people: int, *, traced: bool) -> float:
    """Measured in a process of its own, at a simulator in this one."""
    with (
        tempfile.TemporaryDirectory(prefix="trading-bench-") as directory,
        simulated_kite(Path(directory)) as simulator,
    ):
        logins = [
            {
                "kite": dict(kite_support.logged_in(simulator, f"U{n}").secrets),
                "groww": dict(groww_support.logged_in(simulator, f"U{n}").secrets),
            }
            for n in range(people + WARM_UP)
        ]
        told = json.dumps({"url": simulator.url, "traced": traced, "logins": logins})
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.client_memory"],
            input=told,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
    return float(done.stdout)


def _measure(url: str, traced: bool, logins: list[dict[str, dict[str, str]]]) -> float:
    brokers: list[Broker] = [
        KiteBroker(url, Path("nowhere")),
        groww_support.groww(url, Path("nowhere")),
    ]
    people = [
        [
            (
                broker,
                Access(
                    principal=UUID(int=n), account_id=f"U{n}", secrets=Secrets(login[broker.name])
                ),
            )
            for broker in brokers
        ]
        for n, login in enumerate(logins)
    ]

    def call(some: list[list[tuple[Broker, Access]]]) -> None:
        for each in some:
            for broker, access in each:
                broker.orders(access, NOW)
        gc.collect()

    call(people[:WARM_UP])  # imports both SDKs
    if traced:
        tracemalloc.start()
    before = _held(traced)
    call(people[WARM_UP:])
    return (_held(traced) - before) / (len(people) - WARM_UP)


def _held(traced: bool) -> int:
    if traced:
        return tracemalloc.get_traced_memory()[0]
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


def run() -> None:
    rss, exact = (bytes_each(PEOPLE, traced=traced) for traced in (False, True))
    print(
        f"memory: {PEOPLE} people with two logged-in brokers each: {exact / 1024:.1f} KB apiece "
        f"as Python counts, {rss / 1024:.1f} KB of RSS (at most {MOST_BYTES // 1024})"
    )


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(_measure(asked["url"], asked["traced"], asked["logins"]))
