"""The instrument table at its real size: loading it, its size, asking it.

Beside it the way of the SDKs: Kite's file as a list of dictionaries, searched from end to end.
"""

import csv
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time

from infrastructure.instruments.building import MasterFile, build
from infrastructure.instruments.files import pack_old, packed, table_file
from infrastructure.instruments.table import InstrumentTable
from infrastructure.simulator.market.universe import listing
from infrastructure.simulator.masters.files import dhan_file, groww_file, kite_file

DAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
ROUNDS = 50
QUERIES = (
    "reliance", "infosys", "nifty", "banknifty", "nifty 24650 ce", "hdfc bank", "n", "kotak fut",
    "sensex 80800 pe", "nifty 01 dec", "tata", "NIFTY26NOV24650CE", "NIFTY26NOV24", "nowhere",
    "crude oil fut", "call",
)  # fmt: skip
_KIB_A_UNIT = 1024 if sys.platform == "darwin" else 1


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="trading-bench-") as name:
        directory = Path(name)
        files = [
            _written(directory / "kite.csv", "kite", kite_file),
            _written(directory / "groww.csv", "groww", groww_file),
            _written(directory / "dhan.csv", "dhan", dhan_file),
        ]
        before = _peak_kib()
        started, cpu_started = perf_counter(), process_time()
        reads = build(files, table_file(directory, DAY), directory, DAY, NOW)
        took, cpu = perf_counter() - started, process_time() - cpu_started
        size = table_file(directory, DAY).stat().st_size
        rows = sum(each.rows for each in reads)
        print(
            f"instruments: 3 files, {rows} rows, joined into a table in {took:.1f} s ({cpu:.1f} s "
            f"of CPU), {size / 1e6:.0f} MB on disk, memory peak "
            f"{(_peak_kib() - before) / 1024:.0f} MiB above the start"
        )
        _ask(directory)
        _compare(files[0].path)
        _pack(directory)


def _ask(directory: Path) -> None:
    table = InstrumentTable(directory)
    searches = [_timed(partial(table.search, query)) for query in QUERIES for _ in range(ROUNDS)]
    some = listing(DAY).all[::9]
    resolves = [_timed(partial(table.resolve, each.symbol)) for each in some]
    finds = [_timed(partial(table.find, each.exchange, each.symbol)) for each in some]
    known = [
        _timed(partial(table.known_to, "dhan", each.dhan_security_id, each.dhan_segment))
        for each in some
    ]
    table.close()
    print(
        f"instruments: search {_spread(searches)} us, resolve "
        f"{_spread(resolves)} us, find {_spread(finds)} us, known_to "
        f"{_spread(known)} us of CPU (median/99 of 100)"
    )


def _compare(kite: Path) -> None:
    before = _peak_kib()
    started = perf_counter()
    with kite.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    took = perf_counter() - started

    def scan() -> None:
        found = [row for row in rows if "RELIANCE" in row["name"]]
        assert found

    searches = [_timed(scan) for _ in range(9)]
    print(
        f"instruments: one file as a list of dictionaries {took:.1f} s, "
        f"{(_peak_kib() - before) / 1024:.0f} MiB in every process, a search "
        f"{median(searches) * 1e3:.0f} ms"
    )


def _pack(directory: Path) -> None:
    """Three newer days, so that this one is old."""
    for day in (24, 25, 26):
        table_file(directory, date(2026, 11, day)).touch()
    started = perf_counter()
    pack_old(directory)
    took = perf_counter() - started
    size = packed(table_file(directory, DAY)).stat().st_size
    print(f"instruments: an old day is packed in {took:.1f} s to {size / 1e6:.1f} MB")


def _written(path: Path, broker: str, file: Callable[[date], Iterator[str]]) -> MasterFile:
    with path.open("w") as out:
        out.writelines(file(DAY))
    return MasterFile(broker=broker, path=path)  # type: ignore[arg-type]  # one of the three


def _timed(job: Callable[[], object]) -> float:
    started = process_time()
    job()
    return process_time() - started


def _spread(seconds: list[float], scale: float = 1e6) -> str:
    return f"{median(seconds) * scale:.0f}/{quantiles(seconds, n=100)[-1] * scale:.0f}"


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KIB_A_UNIT


if __name__ == "__main__":
    run()
