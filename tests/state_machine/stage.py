"""How one step of a story goes: the real call, the prediction, and what must hold after it."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from hypothesis.stateful import RuleBasedStateMachine, invariant

from application.orders.place_order import Asked, Receipt
from application.orders.request_change import ChangeReceipt
from domain.events import OrderChangeRequested
from domain.streams import session_stream
from tests.simulation.checks import Broken
from tests.state_machine.bench import Bench, Story, answered
from tests.state_machine.broker import Ending, on_paper
from tests.state_machine.changes import Model
from tests.state_machine.invariants import Invariants, Watch
from tests.state_machine.model import Died, No
from tests.state_machine.orders import Answer


class How(NamedTuple):
    """How the broker is called, and whether the order shows in its book late."""

    ending: Ending
    late: bool


CALM = How("yes", late=False)


class Stage(RuleBasedStateMachine):
    """The world, and the model beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story()
        self.model = Model(lambda: self.story.scheduler.now, self.story.kite, self.story.paper)
        self.watch = Watch(self.story)
        self.promises = Invariants(self.story, self.model)
        self.bench = Bench(self.story)

    def begin(self, how: How = CALM) -> None:
        """Time moves a little, so that no two facts of a story are of the same instant."""
        story, model = self.story, self.model
        story.scheduler.now += timedelta(milliseconds=1)
        story.kite.ending = model.ending = how.ending
        story.paper.ending = on_paper(how.ending)
        story.kite.late = how.late
        story.store.dies_at = "dispatched" if how.ending == "dies unsent" else None
        model.were_open = frozenset(
            (broker.name, placed.broker_order_id)
            for broker in (story.kite, story.paper)
            for placed in broker.placed
            if placed.status == "OPEN"
        )
        for session in model.sessions:
            name = (session.who, session.label, session.generation)
            row = story.store.streams[session_stream(*name)][-1]
            model.last_fact[name] = story.catalog.read(row).envelope.recorded_at

    def both(
        self, real: Callable[[], Receipt | Asked], predicted: Callable[[], Answer]
    ) -> Asked | None:
        """Do it, and compare what came of it with what the model says. Answers with what a person
        is asked now."""
        got, answer = answered(real)
        _says_no_secret(answer)
        asked = answer if isinstance(answer, Asked) else None
        self.model.fresh = None
        if asked is not None:
            self.model.fresh = asked.proposal.proposal_id
            self.model.minted = asked.proposal.change_key or ""
        elif isinstance(answer, ChangeReceipt):
            self.model.minted = answer.change.change_key
        elif answer is None:
            self.model.minted = self._minted_last()
        expected = _expected(predicted)
        if got != expected:
            raise Broken(f"answered {got}, expected {expected}: {answer!r}")
        if got[0] == "died":
            self.replace_the_process()
        return asked

    def _minted_last(self) -> str:
        """The key of the newest change on record: nobody was told it."""
        log = (self.story.catalog.read(row).event for row in reversed(self.story.store.rows))
        return next((f.change_key for f in log if isinstance(f, OrderChangeRequested)), "")

    def plain(self, real: Callable[[], object], predicted: Callable[[], object]) -> None:
        """The same for what has no answer worth comparing."""

        def done() -> Answer:
            predicted()
            return "done", None, None

        got, answer = answered(lambda: _without_answer(real))
        _says_no_secret(answer)
        expected = _expected(done)
        if got != expected:
            raise Broken(f"answered {got}, expected {expected}: {answer!r}")

    def replace_the_process(self) -> None:
        """What it held is gone."""
        self.bench = Bench(self.story)
        self.model.seen_whole.clear()

    @invariant()
    def everything_holds(self) -> None:
        self.promises.check()


def _expected(predicted: Callable[[], Answer]) -> Answer:
    try:
        return predicted()
    except No as no:
        return no.answer
    except Died:
        return "died", None, None


def _without_answer(real: Callable[[], object]) -> None:
    real()


def _says_no_secret(answer: object) -> None:
    if "canary" in f"{answer} {answer!r}":
        raise Broken("a secret in an answer")
