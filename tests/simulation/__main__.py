"""`python -m tests.simulation [FIRST [LAST]]`: play one seed and tell its story, or many."""

import sys
import time

from domain.instants import spoken
from tests.simulation.checks import log_of
from tests.simulation.world import World, play


def main(arguments: list[str]) -> int:
    first = int(arguments[0]) if arguments else 0
    if len(arguments) < 2:
        return _tell(first)
    last, began = int(arguments[1]), time.monotonic()
    for seed in range(first, last):
        try:
            play(seed)
        except Exception as error:  # noqa: BLE001 - whatever it is, the seed says how to see it again
            sys.stdout.write(f"seed {seed}: {type(error).__name__}: {error}\n")
            return 1
    rate = (last - first) / (time.monotonic() - began)
    sys.stdout.write(f"{last - first} seeds, none broke a promise, {rate:.0f} seeds/s\n")
    return 0


def _tell(seed: int) -> int:
    world = World(seed)
    try:
        world.play()
    finally:
        for recorded in log_of(world.far.store, world.far.catalog):
            envelope = recorded.envelope
            sys.stdout.write(
                f"{recorded.position:4} {spoken(envelope.recorded_at)} {envelope.actor:10} "
                f"{recorded.name.split('.', 1)[1]} {recorded.event}\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
