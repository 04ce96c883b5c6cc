"""The demo tells the truth: it passes on what really happens, and fails when one thing does not."""

import copy
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from infrastructure.settings import environment_with
from mcp_interface.demo.checks import CHECKS
from mcp_interface.demo.run import conclude
from mcp_interface.demo.story import Notes, play
from mcp_interface.demo.world import stage
from tests.support.servers import COMMAND, Plain
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(240)

Sabotage = Callable[[Notes], Any]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`trading-server demo --json`, begun. All that it starts is in its process group."""
    process = subprocess.Popen(
        [*COMMAND, "demo", "--json"],
        env=environment_with({}),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    yield process
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Notes:
    """What was noted down in a run of its own."""

    async def in_scratch(directory: Path) -> Notes:
        with stage(directory) as made:
            return await play(made, lambda _: None)

    return anyio.run(in_scratch, tmp_path_factory.mktemp("stage"))


@pytest.fixture
def notes(played: Notes) -> Notes:
    """The same, to be spoilt."""
    return copy.deepcopy(played)


def test_the_demo_passes_every_check_and_says_so_on_stdout_alone(demo, request):
    request.getfixturevalue(
        "played"
    )  # another run at the same time: they do not disturb each other
    out, err = demo.communicate(timeout=120)

    assert demo.returncode == 0, out + err
    told = json.loads(out)
    assert (told["status"], told["data"]["passed"]) == ("ok", True)
    assert [check["name"] for check in told["data"]["checks"]] == list(CHECKS)
    assert "Killing the server with SIGKILL" in err


def test_a_demo_told_to_stop_takes_everything_with_it(demo):
    next(line for line in demo.stderr if line.startswith("User Alice connects"))

    demo.terminate()

    assert demo.wait(timeout=40) == 1
    wait_until(lambda: nobody_is_left_in(demo.pid), "the end of the demo's own processes")


def nobody_is_left_in(process_group: int) -> bool:
    try:
        os.killpg(process_group, 0)
    except ProcessLookupError:
        return True
    return False


def test_what_a_person_reads_is_what_the_seed_promised(notes, capsys):
    assert conclude(notes, 9.9, as_json=False) == 0

    shown = capsys.readouterr().out
    for line in (
        "✅ Sessions are unique: true",
        "🔍 Bob's active broker (should be None): None ✅",
        "  Total active sessions: 3",
        "  1. Alice: kite (active)",
        "  2. Bob: None",
        f"🎉 All users isolated successfully: {len(CHECKS)} checks held in 9.9 s.",
    ):
        assert f"{line}\n" in shown


def unsend_dispatch(notes: Notes) -> None:
    notes.timeline = [e for e in notes.timeline if not e["event"].endswith("order_dispatched.v1")]


def lend_charlie_an_order(notes: Notes) -> None:
    """Before the kill and after it, so that only the isolation is broken."""
    alices = notes.order_keys["alice@kite"]
    notes.order_keys["charlie@dhan"] = notes.order_keys_after["charlie@dhan"] = alices


SABOTAGES: dict[str, Sabotage] = {
    "every person has a session of their own": lambda n: n.session_ids.update(
        bob=n.session_ids["alice"]
    ),
    "Alice's choice is Alice's": lambda n: n.active_after_alice.update(alice="paper"),
    "Bob's active broker is still none": lambda n: n.active_after_alice.update(bob="kite"),
    "Charlie's active broker is still none": lambda n: n.active_after_alice.update(charlie="kite"),
    "Alice is logged in to the simulated Kite": lambda n: n.login.update(mode="LIVE"),
    "statistics count three active sessions": lambda n: n.statistics.update(activeSessions=2),
    "statistics name each person's broker": lambda n: n.sessions[0].update(activeBroker="dhan"),
    "nobody is let in without a token": lambda n: setattr(n, "without_token", 200),
    "nobody is let in with a made-up token": lambda n: setattr(n, "with_made_up_token", 200),
    "three choices at once do not mix": lambda n: n.concurrent.update(bob="kite"),
    "every order is filled, in simulated money": lambda n: n.orders["charlie@dhan"].update(
        mode="LIVE"
    ),
    "each order went to its own broker": lambda n: n.orders["bob@groww"].update(broker="kite"),
    "Alice has two brokers in one session, Bob and Charlie one each": lambda n: n.logged_in.update(
        bob=["groww", "kite"]
    ),
    "Alice and Charlie are asked in their clients, about exactly their orders": lambda n: (
        n.questions["charlie"].clear()
    ),
    "Bob, whose client cannot be asked, says yes on the approval page": lambda n: (
        n.approved_on_page.update(bob=0)
    ),
    "the same order key sends nothing twice": lambda n: n.retry.update(brokerOrderId="another"),
    "everyone sees their own orders and nobody else's": lend_charlie_an_order,
    "two people at one broker hold different shares": lambda n: n.holdings.update(
        {"bob@groww": n.holdings["alice@groww"]}
    ),
    "the server was killed outright": lambda n: setattr(n, "exit_status", 0),
    "every session is there again, rebuilt from events": lambda n: n.after["bob"].update(
        sessionId=n.after["alice"]["sessionId"]
    ),
    "every order is there again": lambda n: n.order_keys_after.update({"alice@kite": []}),
    "the audit timeline tells Alice's order in full": unsend_dispatch,
    "a moment before her order, the audit knows none": lambda n: n.state_before_order.update(
        orders=n.state_now["orders"]
    ),
    "now, the audit knows both of her orders as filled": lambda n: n.state_now["orders"][0].update(
        status="OPEN"
    ),
}
"""One thing that goes wrong for each check. None of them takes another check with it."""


def test_every_check_has_its_sabotage():
    assert list(SABOTAGES) == list(CHECKS)


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_demo_in_which_one_thing_went_wrong_fails_with_just_that_check(name, notes, capsys):
    SABOTAGES[name](notes)

    exit_code = conclude(notes, 9.9, as_json=True)

    told: Plain = json.loads(capsys.readouterr().out)
    assert exit_code == 1
    assert (told["status"], told["data"]["passed"]) == ("fail", False)
    assert [c["name"] for c in told["data"]["checks"] if not c["holds"]] == [name]


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_person_is_told_which_check_failed(name, notes, capsys):
    SABOTAGES[name](notes)

    assert conclude(notes, 9.9, as_json=False) == 1

    shown = capsys.readouterr().out
    assert f"✘ {name}\n" in shown
    assert f"❌ 1 of {len(CHECKS)} checks failed" in shown
    assert "🎉" not in shown


def test_no_check_holds_when_nothing_was_seen(capsys):
    assert conclude(Notes(), 0.0, as_json=True) == 1

    told: Plain = json.loads(capsys.readouterr().out)
    assert [c["name"] for c in told["data"]["checks"] if c["holds"]] == []
