"""Run commands in forks of one process that has loaded the product already.

The same `main` with the same words, environment and streams as the console script, without the
second that Python needs to load everything. What is about starting and ending uses the script.
"""

import atexit
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path

LOADED_ONCE = ("mcp_interface.cli.diagnosis", "mcp_interface.operator", "mcp_interface.serving")


def run(script: Path, words: Sequence[str], env: Mapping[str, str], streams: Path) -> int:
    """Run one command; its output goes to the files `out` and `err` in the directory `streams`."""
    asked = {"argv": [str(script), *words], "env": dict(env), "streams": str(streams)}
    process = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    return int(process.stdout.readline())


@cache
def _process() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.mcp_interface.warm"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.kill)
    return process


def _serve() -> None:
    for module in LOADED_ONCE:
        import_module(module)
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_run(asked["argv"], asked["env"], Path(asked["streams"])))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(argv: list[str], env: dict[str, str], streams: Path) -> int:
    from mcp_interface.cli import main

    os.environ.clear()
    os.environ.update(env)
    sys.argv = argv
    for number, path in enumerate((Path(os.devnull), streams / "out", streams / "err")):
        opened = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT)
        os.dup2(opened, number)
    try:
        main()
        code = 0
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 0
    except BaseException:  # noqa: BLE001 - shown on stderr, as the interpreter would
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    _serve()
