"""From an order that a person has to say yes to, to their yes or no; or to the page that asks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mcp.types import InputRequiredResult

from application.orders.place_order import Asked, Receipt
from domain.errors import ConfirmationRequired, ProposalRefused
from domain.events import OrderProposed
from domain.proposals import APPROVAL_LIFE
from mcp_interface.app import App, Mcp
from mcp_interface.caller import Caller
from mcp_interface.tools.orders import asking

YES: Final = "Yes, send exactly this"


@dataclass(frozen=True)
class Approving:
    """What `TRADING_CONFIRM` allows: `auto` asks through the client where it can be asked, and on
    our page otherwise; `tool` the same, with `confirm_order` beside it; `page` only on our page;
    `elicit` only through the client."""

    app: App

    async def ask(
        self, mcp: Mcp, caller: Caller, asked: Asked
    ) -> Receipt | InputRequiredResult | None:
        """What a yes led to; or the question, for the client to put; or `None`: the person has to
        be sent to the page.

        Raises:
            ProposalRefused: the person said no. ConfirmationRequired: only the client may ask here,
                and it cannot.
            Refusal: see `Approve.confirm`.
        """
        policy = self.app.backend.settings.confirm
        if policy == "page" or not asking.can_ask(mcp):
            self._may_ask_elsewhere()
            return None
        proposal = asked.proposal
        words = question_of(proposal)
        if asking.asks_in_rounds(mcp):
            return asking.question(words, YES, proposal.proposal_id)
        left = proposal.expires_at - self.app.backend.clock.now()
        said = await asking.ask_now(mcp, words, YES, left.total_seconds())
        if said is not None:
            return await self._take(caller, proposal, said)
        if self.app.backend.clock.now() >= proposal.expires_at:
            raise ProposalRefused(
                "The user did not answer in time; nothing was sent. Next: ask them what they want."
            )
        self._may_ask_elsewhere()
        return None

    async def answered(
        self, mcp: Mcp, caller: Caller, is_that: Callable[[OrderProposed], bool]
    ) -> tuple[Receipt, Asked] | None:
        """What the answer of the second round leads to; `None` in the first round.

        `is_that`: whether the call still asks for what was proposed. A state that is used again
        tells what became of the first use.

        Raises: as `ask`, and ProposalRefused: the call asks for something else by now.
        """
        heard = asking.heard(mcp)
        if heard is None or self.app.backend.settings.confirm == "page":
            return None
        proposal_id, said = heard

        def check() -> Asked:
            asked = self.app.backend.approve.find(caller.principal, proposal_id)
            if not is_that(asked.proposal):
                raise ProposalRefused(
                    "The yes was to another order than this one; nothing was sent. Next: call "
                    "again, and the user is asked about this one."
                )
            return asked

        asked = await self.app.work.run(check)
        return await self._take(caller, asked.proposal, said), asked

    async def page(self, mcp: Mcp, proposal_id: str) -> str | None:
        """Where the person says yes or no; good for nobody else."""
        address = await self.app.address_of_pages(mcp)
        return address and f"{address.rstrip('/')}/approve/{proposal_id}"

    def _may_ask_elsewhere(self) -> None:
        if self.app.backend.settings.confirm == "elicit":
            raise ConfirmationRequired(
                "The user has to say yes in this client, and it cannot ask them; nothing was sent. "
                "Next: use a client that supports elicitation, or broker='paper'."
            )

    async def _take(self, caller: Caller, proposal: OrderProposed, said: asking.Said) -> Receipt:
        approve, context = self.app.backend.approve, caller.context
        if said == "yes":
            return await self.app.work.run_at_broker(
                caller.principal,
                proposal.broker,
                lambda: approve.confirm(context, proposal.proposal_id, "elicitation"),
            )

        def no() -> Receipt:
            approve.decline(context, proposal.proposal_id, "elicitation", said)
            done = approve.outcome(caller.principal, proposal.proposal_id)
            if done is not None:  # they had said yes before
                return done
            raise ProposalRefused(
                f"The user {'said no' if said == 'declined' else 'gave no answer'}; nothing was "
                "sent. Next: ask them what they want; do not ask for the same again."
            )

        return await self.app.work.run(no)


def question_of(proposal: OrderProposed) -> str:
    """The proposal's text word for word, and how long it is good for."""
    return f"{proposal.text}\nThis is good for {APPROVAL_LIFE.seconds} s."
