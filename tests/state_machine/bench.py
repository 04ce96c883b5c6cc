"""The real use cases on a bench: one process at a time, which may die, over what outlives it."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final
from uuid import UUID

from application.orders.approve import Approve
from application.orders.change_draft import NewTerms
from application.orders.change_order import Change
from application.orders.place_order import Asked, Order, Receipt
from application.orders.request_change import ChangeReceipt
from application.ports.broker import Secrets
from application.ports.egress import Egress
from application.ports.event_store import Append
from application.sessions.broker_access import LogOut, SelectBroker
from application.sessions.enter_session import CloseSession, Entered
from domain.errors import Refusal
from domain.events import OrderProposed
from domain.limits import parse
from domain.vocabulary import OrderTerms
from tests.fakes.activity import MemoryActivity
from tests.fakes.egress import FakeEgresses
from tests.simulation.engine import Far, Instance
from tests.simulation.scheduler import Crash, Scheduler
from tests.simulation.store import SimulatedStore
from tests.simulation.world import MORNING
from tests.state_machine.broker import StoryBroker
from tests.state_machine.model import LIMITS
from tests.state_machine.orders import Answer

ASHA: Final = UUID("a5a00000-0000-4000-8000-000000000001")
RAVI: Final = UUID("4a100000-0000-4000-8000-000000000002")
WAYS: Final = {
    (ASHA, "kite"): Egress(source="192.0.2.1"),
    (RAVI, "kite"): Egress(proxy="http://u:canary-proxy@192.0.2.2:3128"),
}


class DyingStore(SimulatedStore):
    """`dies_at`: the process dies before it stores a fact of such a name."""

    dies_at: str | None = None

    def append(self, append: Append) -> int:
        if self.dies_at and any(self.dies_at in row.name for row in append.rows):
            raise Crash
        return super().append(append)


class Story(Far):
    """What outlives each process."""

    def __init__(self) -> None:
        limits = parse(", ".join(f"{name}={value}" for name, value in LIMITS.items()))
        super().__init__(Scheduler(0, MORNING), limits)
        self.store: DyingStore = DyingStore(self.scheduler, self.scheduler.random)
        self.kite = StoryBroker(self.scheduler, "kite")
        self.paper = StoryBroker(self.scheduler, "paper")
        self.broker, self.brokers = self.kite, (self.kite, self.paper)
        self.activity = MemoryActivity()


class Bench(Instance):
    """One process. Each method is one call of a client; it answers as the model does."""

    def __init__(self, story: Story) -> None:
        super().__init__(story)
        self.story = story
        self.enter = replace(self.enter, activity=story.activity)
        admit = self.place_order.admit
        writer, clock = self.writer, self.clock
        assert isinstance(admit.egresses, FakeEgresses), "see Instance"
        admit.egresses.ways.update(WAYS)  # type: ignore[arg-type]  # the names are brokers'
        self.log_out_of = LogOut(
            brokers=admit.brokers,
            vault=story.vault,
            egresses=admit.egresses,
            writer=writer,
            clock=clock,
        )
        self.select = SelectBroker(brokers=admit.brokers, writer=writer, clock=clock)
        self.approve = Approve(
            place_order=self.place_order, change_order=self.change_order, writer=writer, clock=clock
        )
        self.close = CloseSession(
            activity=story.activity,
            vault=story.vault,
            login_states=self.enter.login_states,
            life=self.enter.life,
            writer=writer,
            clock=clock,
        )

    def entered(self, who: UUID, label: str) -> Entered:
        return self.enter(self.context(who), label)

    def order(
        self, who: UUID, label: str, key: str, terms: OrderTerms, broker: str | None
    ) -> Receipt | Asked:
        wanted = Order(terms=terms, order_key=key, broker=broker)
        return self.place_order(self.context(who), self.entered(who, label), wanted)

    def alter(
        self,
        who: UUID,
        label: str,
        named: str,
        broker: str | None,
        key: str | None,
        new: NewTerms | None,
    ) -> Receipt | Asked:
        wanted = Change(order=named, new=new, change_key=key, broker=broker)
        return self.change_order(self.context(who), self.entered(who, label), wanted)

    def say_yes(self, by: UUID, proposal: OrderProposed, session_id: UUID | None) -> Receipt:
        """With a session it is the client that asked; without one the page or the tool."""
        if session_id is None:
            return self.approve.confirm(self.context(by), proposal.proposal_id, "page")
        confirmed = (
            self.place_order.confirmed
            if proposal.change_key is None
            else self.change_order.confirmed
        )
        return confirmed(self.context(by), session_id, proposal.proposal_id, "elicitation")

    def authenticate(self, who: UUID, label: str, account: str, *, relink: bool) -> None:
        credentials = Secrets({"account": account, "principal": str(who)})
        entered = self.entered(who, label)
        self.log_in(self.context(who), entered, "kite", credentials, relink=relink)

    def look_around(self) -> None:
        """One round; an account that cannot be seen keeps no other from being seen."""
        self.reconcile.close_stale()
        for look in self.reconcile.due():
            with suppress(Refusal):
                self.reconcile.look(look)


Heard = Receipt | Asked | Refusal | None


def answered(call: Callable[[], Receipt | Asked | None]) -> tuple[Answer, Heard]:
    """What came of a call, in the model's words and in its own."""
    try:
        answer = call()
    except Refusal as refusal:
        rule = re.search(r"\(rule (\w+), ", str(refusal))
        return ("refused", refusal.code, rule and rule[1]), refusal
    except Crash:
        return ("died", None, None), None
    if answer is None:
        return ("done", None, None), None
    if isinstance(answer, Asked):
        return ("asked", answer.proposal.proposal_id, None), answer
    state = answer.change.state if isinstance(answer, ChangeReceipt) else answer.report.state
    return ("told", state, answer.repeated), answer
