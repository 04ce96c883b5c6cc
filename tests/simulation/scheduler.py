"""Who goes on next: chosen by a seeded random number at every effect."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, cast

from greenlet import getcurrent, greenlet

from domain.errors import Refusal

STEPS = tuple(timedelta(milliseconds=each) for each in (0, 1, 5, 40))
"""What one step may take."""


class Crash(BaseException):
    """The process dies here. Not an Exception: nothing may catch it."""


class Deadlock(AssertionError):
    """Nobody can go on and nobody sleeps."""


class Task(greenlet):
    """One call, one client or one background job. Any: whatever it answers with."""

    def __init__(
        self,
        hub: greenlet,
        work: Callable[[], Any],
        owner: object,
        failed: Callable[[Exception], None],
    ) -> None:
        super().__init__(self._run, hub)
        self._failed = failed
        self.work = work
        self.owner = owner
        self.wakes_at: datetime | None = None
        self.waits_for: Task | None = None
        self.answer: Any = None
        self.ended_by: BaseException | None = None
        self.done = False

    def _run(self) -> None:
        try:
            self.answer = self.work()
        except Crash as crash:
            self.ended_by = crash
        except Refusal as refusal:
            self.ended_by = refusal
        except Exception as error:  # noqa: BLE001 - the seed fails with it
            self.ended_by = error
            self._failed(error)
        finally:
            self.done = True


class Scheduler:
    """Time moves a little with each step, and to the next sleeper when all sleep."""

    def __init__(self, seed: int, start: datetime) -> None:
        self.random = Random(seed)
        self.now = start
        self.tasks: list[Task] = []
        self.on_effect: Callable[[str], None] = lambda label: None
        """Asked at each effect, in the task: may raise."""
        self._hub = getcurrent()
        self._failure: Exception | None = None
        self._doomed: list[object] = []
        self._ended = False

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error

    def spawn(self, work: Callable[[], Any], owner: object) -> Task:
        task = Task(self._hub, work, owner, self._fail)
        self.tasks.append(task)
        return task

    def effect(self, label: str) -> None:
        """Others may go on before this returns."""
        if getcurrent() is self._hub:
            return  # the end of the story, when nothing else runs
        self._hub.switch()
        self.on_effect(label)

    def sleep(self, seconds: float) -> None:
        task = getcurrent()
        if task is self._hub:
            self.now += timedelta(seconds=seconds)
            return
        cast(Task, task).wakes_at = self.now + timedelta(seconds=seconds)
        self._hub.switch()

    def wait_for(self, other: Task) -> None:
        """Return when the other one is done, however it ended."""
        task = cast(Task, getcurrent())
        if not other.done:
            task.waits_for = other
            self._hub.switch()

    def doom(self, owner: object) -> None:
        """Every task of this owner ends where it stands, before anybody else goes on."""
        self._doomed.append(owner)

    def _kill_the_doomed(self) -> None:
        while self._doomed:
            owner = self._doomed.pop()
            for task in [t for t in self.tasks if t.owner is owner and not t.done]:
                if task:  # it has begun
                    task.throw(Crash())
                task.done = True
                task.ended_by = task.ended_by or Crash()
                self._ended = True

    def run(self, most_steps: int) -> None:
        """Until all tasks are done. Raises: whatever is no refusal, of any task."""
        random = self.random.random
        for _ in range(most_steps):
            if not self.tasks:
                return
            now = self.now
            ready = [
                t
                for t in self.tasks
                if (t.waits_for is None or t.waits_for.done)
                and (t.wakes_at is None or t.wakes_at <= now)
            ]
            if not ready:
                sleepers = [t.wakes_at for t in self.tasks if t.wakes_at is not None]
                if not sleepers:
                    raise Deadlock([t.owner for t in self.tasks])
                self.now = max(now, min(sleepers))
                continue
            self.now = now + STEPS[int(random() * len(STEPS))]
            task = ready[int(random() * len(ready))]
            task.wakes_at = task.waits_for = None
            task.switch()
            if self._doomed:
                self._kill_the_doomed()
            if self._failure is not None:
                raise self._failure
            if task.done or self._ended:
                self._ended = False
                self.tasks = [t for t in self.tasks if not t.done]
        raise Deadlock(f"still at it after {most_steps} steps")
