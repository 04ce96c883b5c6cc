"""`make chaos`: as many orders and kills as wanted, and the naive variants for comparison.

    python -m tests.chaos --orders 10000 --kills 1000 --db both --seed 7

Exits with 1 when anything was lost, doubled or left unknown, or a naive variant was not caught.
"""

import secrets
import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio

from tests.chaos.run import CONTROLS, Outcome, control, mixed_run


async def main() -> int:
    asked = _parser().parse_args()
    seed = secrets.randbelow(10**6) if asked.seed is None else asked.seed
    databases = ("sqlite", "postgres") if asked.db == "both" else (asked.db,)
    good = []
    for number, database in enumerate(databases):
        share = partial(_share, number, len(databases))
        run = partial(
            mixed_run,
            on_postgres=database == "postgres",
            orders=share(asked.orders),
            kills=share(asked.kills),
            seed=seed,
        )
        good.append(await _went_well(run, lambda outcome: not outcome.offences))
    for name, each in CONTROLS.items():
        good.append(await _went_well(partial(control, name), each.is_borne_out_by))
    print("All as it should be." if all(good) else f"FAILED: {good.count(False)} of {len(good)}.")
    return int(not all(good))


async def _went_well(
    run: Callable[[Path], Awaitable[Outcome]], expected: Callable[[Outcome], bool]
) -> bool:
    """Run it and tell; the files of one that did not go well are kept."""
    directory = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        outcome = await run(directory / "site")
    except BaseException as error:
        error.add_note(f"The servers' logs are in {directory}")
        raise
    well = expected(outcome)
    if well:
        print(outcome.summary, "(caught)" if outcome.offences else "", flush=True)
        shutil.rmtree(directory, ignore_errors=True)
    else:
        print(f"{outcome}\n  The servers' logs are in {directory}", flush=True)
    return well


def _share(number: int, parts: int, of: int) -> int:
    return of // parts + (number < of % parts)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="make chaos", description="Orders under fire.")
    parser.add_argument("--orders", type=int, default=600, help="over all databases")
    parser.add_argument("--kills", type=int, default=70, help="over all databases")
    parser.add_argument("--seed", type=int, help="what a failed run printed; else by chance")
    parser.add_argument("--db", choices=("both", "sqlite", "postgres"), default="both")
    return parser


if __name__ == "__main__":
    sys.exit(anyio.run(main))
