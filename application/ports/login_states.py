"""Logins that were begun and are not finished: who asked, for which session, and how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol
from uuid import UUID

from application.ports.broker import Secrets
from domain.vocabulary import BrokerName

Stage = Literal["open", "claimed", "away", "busy", "waiting", "finished"]
"""A link that nobody used; a browser that took it; the browser is at the broker; the broker is
being asked; verified, the code has not come yet; in the session."""

LINK_LIFE: Final = timedelta(minutes=10)
"""How long a link is good for, and how long each further step may take."""

TRIES: Final = 5
"""Refused forms, and then wrong codes, before a login is thrown away."""


@dataclass(frozen=True, kw_only=True)
class LoginState:
    """`login_id` names it and opens nothing. `person` is the name of the session's owner.

    `differs`: the broker's account was another one than before. `relink`: the person then said
    that this is meant.
    """

    login_id: str
    principal: UUID
    person: str
    session_id: UUID
    broker: BrokerName
    stage: Stage
    differs: bool
    relink: bool
    expires_at: datetime


class LoginStates(Protocol):
    """Links and browsers are known by hashes; what is kept is encrypted under a key of its own in
    the key store. Whatever has expired is not found, except by `expired`."""

    def open(self, principal: UUID, session_id: UUID, broker: BrokerName, now: datetime) -> str:
        """Begin a login; answer with the secret of its link, which is stored nowhere."""
        ...

    def new_proof(self) -> str:
        """A secret for the cookie of a browser that has not taken a link yet."""
        ...

    def of_link(self, link: str, now: datetime) -> LoginState | None: ...

    def of_browser(self, login_id: str, proof: str, now: datetime) -> LoginState | None:
        """The login, if the browser that took its link has this proof."""
        ...

    def claim(self, login_id: str, now: datetime) -> str | None:
        """Bind an open login to one browser; answer with its proof. `None`: another was first."""
        ...

    def renew(self, login_id: str, proof: str) -> str | None:
        """Give the browser with this proof another one; the old is good for nothing from then on.
        `None`: it is already."""
        ...

    def move(
        self,
        login_id: str,
        before: Stage,
        after: Stage,
        now: datetime,
        *,
        differs: bool | None = None,
        relink: bool | None = None,
    ) -> bool:
        """From one stage to another, for one of those who try; it then has `LINK_LIFE` again."""
        ...

    def keep(self, login_id: str, values: Mapping[str, str]) -> None:
        """Encrypt and keep; what was kept before is gone."""
        ...

    def kept(self, login_id: str) -> Secrets | None: ...

    def code(self, login_id: str) -> str | None:
        """The confirmation code of what is kept: eight letters and digits, always the same."""
        ...

    def is_code(self, login_id: str, typed: str) -> bool:
        """Whether that is the code, however it is written: small letters, blanks, hyphens."""
        ...

    def miss(self, login_id: str) -> int:
        """Count a failure; answer with how many more there may be."""
        ...

    def give_tries(self, login_id: str) -> None:
        """Begin to count again."""
        ...

    def waiting(
        self, principal: UUID, session_id: UUID, broker: BrokerName, now: datetime
    ) -> Sequence[LoginState]:
        """Verified logins of this very session that only lack their code."""
        ...

    def under_way(self, principal: UUID, session_id: UUID) -> Sequence[LoginState]:
        """All logins of this very session, whatever their stage and age."""
        ...

    def empty(self, login_id: str) -> None:
        """Destroy what is kept, its key first. The row stays, so that a page can tell the end."""
        ...

    def drop(self, login_id: str) -> None:
        """Destroy what is kept and forget that there was such a login."""
        ...

    def expired(self, now: datetime) -> Sequence[LoginState]: ...

    def remember_app(self, principal: UUID, broker: BrokerName, values: Secrets) -> None:
        """Keep a person's app at a broker, encrypted under the person's own key."""
        ...

    def remembered_app(self, principal: UUID, broker: BrokerName) -> Secrets | None: ...

    def forget_app(self, principal: UUID, broker: BrokerName) -> None: ...
