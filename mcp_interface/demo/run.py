"""Play the story in a scratch directory, judge it, tell it; answer with the exit code."""

import signal
import sys
import tempfile
from pathlib import Path
from time import monotonic

import anyio

from mcp_interface.cli.output import FINE, FOUND, emit, say
from mcp_interface.demo.checks import judge
from mcp_interface.demo.story import Notes, Tell, play
from mcp_interface.demo.telling import report, tell
from mcp_interface.demo.world import stage


def run_demo(as_json: bool) -> int:
    """0 only if every check held."""

    async def in_scratch() -> Notes:
        with (
            tempfile.TemporaryDirectory(prefix="trading-demo-") as directory,
            stage(Path(directory)) as made,
        ):
            return await play(made, progress)

    progress: Tell = say
    started = monotonic()
    # By default nothing would be cleaned up: the demo's own server would outlive it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(FOUND))
    try:
        notes = anyio.run(in_scratch)
    except Exception as e:  # noqa: BLE001 - whatever stops the story, the demo has failed
        cause = f"{type(e).__name__}: {e}"
        words = f"The story stopped: {cause}. Next: trading-server doctor."
        emit(as_json, {"passed": False, "stopped": cause}, lambda: say(words), status="fail")
        return FOUND
    return conclude(notes, monotonic() - started, as_json)


def conclude(notes: Notes, seconds: float, as_json: bool) -> int:
    """Judge what was noted, say it, and give the exit code."""
    checks = judge(notes)
    passed = all(check.holds for check in checks)

    def show() -> None:
        tell(notes, checks, seconds, lambda line: print(line, file=sys.stdout))

    data = report(notes, checks, seconds)
    emit(as_json, data, show, status="ok" if passed else "fail")
    return FINE if passed else FOUND
