"""The switches that stop one person: their own, and those of the accounts that they have used."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from application.orders.switch import KillSwitch, Stood, Which
from application.ports.broker import Brokers
from application.ports.vault import Vault
from application.writer import Writer
from domain.errors import BrokerLoginRequired
from domain.events import BrokerAuthenticated
from domain.vocabulary import BrokerName


class OwnSwitch(NamedTuple):
    """`broker` is that of an account's switch."""

    which: Which
    broker: BrokerName | None
    stood: Stood


@dataclass(frozen=True, kw_only=True)
class OwnSwitches:
    writer: Writer
    vault: Vault
    brokers: Brokers
    kill_switch: KillSwitch

    def of_account(self, principal: UUID, broker: BrokerName) -> Which:
        """The account of this person's newest login there, whether it has ended or not.

        Raises:
            BrokerLoginRequired: they never logged in there.
        """
        found = self._accounts(principal).get(broker, ())
        if not found:
            raise BrokerLoginRequired(
                f"You never logged in to {broker}, so no account there is known. Next: "
                f"get_broker_login_instructions(broker='{broker}').",
                login_at=broker,
            )
        return Which("account", found[-1])

    def all_of(self, principal: UUID) -> tuple[OwnSwitch, ...]:
        """The person's own, then each account's."""
        mine = Which("user", principal)
        accounts = [
            (Which("account", account), broker)
            for broker, found in self._accounts(principal).items()
            for account in found
        ]
        return (
            OwnSwitch(mine, None, self.kill_switch.look(mine)),
            *(OwnSwitch(w, broker, self.kill_switch.look(w)) for w, broker in accounts),
        )

    def _accounts(self, principal: UUID) -> dict[BrokerName, tuple[str, ...]]:
        """Fingerprints, the one of the newest login last."""
        logins: list[tuple[datetime, BrokerName, str]] = [
            (recorded.envelope.recorded_at, fact.broker, fact.account_fingerprint)
            for opened in self.writer.store.sessions_of(principal)
            for recorded in self.writer.load(opened.session_id).recorded
            if isinstance(fact := recorded.event, BrokerAuthenticated)
        ]
        found: dict[BrokerName, dict[str, None]] = {
            broker.name: {self.vault.account_fingerprint(broker.name, str(principal)): None}
            for broker in self.brokers.all()
            if not broker.needs_login
        }
        for _, broker, account in sorted(logins):
            accounts = found.setdefault(broker, {})
            accounts.pop(account, None)
            accounts[account] = None
        return {broker: tuple(accounts) for broker, accounts in found.items()}
