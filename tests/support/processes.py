"""Processes that tests start, listen to, stop and kill.

They are forked from one helper process that has imported the product and runs no threads, so that
each costs milliseconds. Work is a function at the top of a module; what it is called with first
is `say`, which sends a value back at once: what was said survives the death of the sayer.
"""

import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any

Say = Callable[[object], None]
Work = Callable[..., None]  # (say, *args)

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["pytest", "tests.support.databases", "mcp_interface.serving"])


def pipe() -> tuple[Connection, Connection]:
    """A pipe's end to read and its end to write; either can be handed to a child."""
    return _context.Pipe(duplex=False)


class Failed(Exception):
    """The work raised; the text is its traceback."""


class Child:
    """A process of ours and what it says."""

    def __init__(self, work: Work, args: tuple[object, ...], begin: Barrier | None = None) -> None:
        self._ears, mouth = _context.Pipe(duplex=False)
        self._process = _context.Process(target=_run, args=(mouth, work, args, begin), daemon=True)
        self._process.start()
        mouth.close()

    def hear(self, *, seconds: float = 20.0) -> Any:
        """The next thing it says.

        Raises:
            EOFError: it has ended and said everything. Failed: the work raised.
        """
        assert self._ears.poll(seconds), f"it said nothing for {seconds} s"
        heard = self._ears.recv()
        if isinstance(heard, Failed):
            raise heard
        return heard

    def hear_out(self, *, seconds: float = 20.0) -> list[Any]:
        """Everything that it still says, until its end."""
        heard: list[Any] = []
        deadline = time.monotonic() + seconds
        while True:
            try:
                heard.append(self.hear(seconds=max(0.0, deadline - time.monotonic())))
            except EOFError:
                return heard

    def pause(self) -> None:
        """SIGSTOP: it keeps its locks and connections, and does nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.join(10)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)


@contextmanager
def child(work: Work, *args: object, begin: Barrier | None = None) -> Iterator[Child]:
    """Run `work(say, *args)` in a process that is gone when the block is."""
    started = Child(work, args, begin)
    try:
        yield started
    finally:
        started.kill()


def in_processes(work: Work, calls: Sequence[tuple[object, ...]]) -> list[list[Any]]:
    """Run `work` once per call, all from the same moment on; answer with what each of them said."""
    begin = _context.Barrier(len(calls))
    with ExitStack() as stack:
        children = [stack.enter_context(child(work, *args, begin=begin)) for args in calls]
        return [each.hear_out(seconds=60) for each in children]


def _run(mouth: Connection, work: Work, args: tuple[object, ...], begin: Barrier | None) -> None:
    try:
        if begin:
            begin.wait(20)
        work(mouth.send, *args)
    except BaseException:  # noqa: BLE001 - whatever it is, the test wants to see it
        mouth.send(Failed(traceback.format_exc()))
