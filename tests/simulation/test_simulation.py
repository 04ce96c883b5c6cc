"""Twenty thousand days with trouble, and the engine with each of its defences taken out.

A failure prints its seed; `python -m tests.simulation SEED` plays it again, with its story.
"""

import pytest

from tests.simulation.mutants import MUTANTS, mutated
from tests.simulation.world import play

SEEDS = 20_000
CHUNK = 500
MOST_SEEDS_PER_MUTANT = 3_000


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_no_seed_breaks_a_promise(first):
    for seed in range(first, first + CHUNK):
        try:
            play(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_the_engine_without_this_defence_is_caught(name):
    with mutated(name):
        for seed in range(MOST_SEEDS_PER_MUTANT):
            try:
                play(seed)
            except Exception:  # noqa: BLE001 - caught is what it is meant to be
                return
    raise AssertionError(f"{name} survived {MOST_SEEDS_PER_MUTANT} seeds")


def test_a_seed_plays_the_same_twice():
    from tests.simulation.world import World

    def log_of(seed):
        world = World(seed)
        world.play()
        return [(row.stream_id, row.version, row.name, row.state) for row in world.far.store.rows]

    assert log_of(7) == log_of(7)
    assert log_of(7) != log_of(8)
