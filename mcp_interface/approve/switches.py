"""Switches that are off, on the approval page: the person sees why, and lets trading go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from uuid import UUID

from application.orders.own_switches import OwnSwitch, OwnSwitches
from application.orders.switch import KillSwitch
from application.writer import Context
from domain.errors import ProposalRefused
from mcp_interface.tools.orders.switch_words import since_when, whose


@dataclass(frozen=True, kw_only=True)
class Halted:
    own_switches: OwnSwitches
    kill_switch: KillSwitch

    def shown(self, principal: UUID) -> tuple[OwnSwitch, ...]:
        """What is off for this person, and theirs to let go on."""
        found = self.own_switches.all_of(principal)
        return tuple(own for own in found if own.stood.switch.halted is not None)

    def let_go_on(self, context: Context, stream: str, version: str) -> None:
        """Take the yes to what the page showed.

        Raises:
            ProposalRefused: it is none of theirs, or was halted anew since.
        """
        for own in self.shown(context.principal):
            if (str(own.which.stream), str(own.stood.version)) == (stream, version):
                reason, by = "the user said yes (page)", context.principal
                at = own.stood.version
                self.kill_switch.disarm(context, own.which, reason, by, at)
                return
        raise ProposalRefused("That is not how it stands any more; look at it again.")


def section(halted: Sequence[OwnSwitch], csrf: str) -> str:
    """One form for each; nothing where trading goes on."""
    return "".join(_form(own, csrf) for own in halted)


def _form(own: OwnSwitch, csrf: str) -> str:
    fact = own.stood.switch.halted
    frozen = fact is not None and fact.order_key is not None
    look = "<p>Look at the order book at the broker before you say yes.</p>" if frozen else ""
    return (
        f'<div class="warn" role="note"><p><strong>Trading is halted {escape(whose(own))}.'
        f"</strong></p><p>{escape(since_when(own))}</p>{look}"
        f'<form method="post"><input type="hidden" name="csrf" value="{csrf}">'
        f'<input type="hidden" name="switch" value="{own.which.stream}">'
        f'<input type="hidden" name="version" value="{own.stood.version}">'
        '<button name="do" value="resume">Let trading go on</button></form></div>'
    )
