"""Stories, each step of which was predicted; and the product with a defence taken out, which has to
come to something else.

MACHINE=long plays many more of them, others each time.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.mutants import mutated
from tests.state_machine.machine import TradingMachine

LONG = os.environ.get("MACHINE") == "long"
STORIES = settings(
    max_examples=50_000 if LONG else 1_200,
    stateful_step_count=60 if LONG else 40,
    derandomize=not LONG,
    database=None,
    deadline=None,
    # Explaining a failure traces every line of thousands of stories; the shortest one says enough.
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
WITHOUT_A_DEFENCE = settings(STORIES, max_examples=600, derandomize=True, phases=(Phase.generate,))
SEEN_ONE_STEP_AFTER_ANOTHER = (
    "a_late_doubt_takes_a_proof_back",
    "a_yes_is_not_asked_for",
    "an_unclear_call_is_made_again",
    "keys_are_not_claimed",
    "limits_are_counted_without_the_lock",
    "no_answer_means_not_placed",
    "nobody_reconciles",
    "not_in_the_book_means_absent",
    "switches_are_read_once_at_the_start",
    "the_call_comes_before_the_dispatch",
    "whoever_died_is_forgotten",
)


@pytest.mark.timeout(36_000 if LONG else 600)
def test_every_step_of_every_story_comes_to_what_was_predicted():
    run_state_machine_as_test(TradingMachine, settings=STORIES)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SEEN_ONE_STEP_AFTER_ANOTHER)
def test_the_machine_notices_that_this_defence_is_gone(name):
    with mutated(name), pytest.raises(AssertionError):
        run_state_machine_as_test(TradingMachine, settings=WITHOUT_A_DEFENCE)
