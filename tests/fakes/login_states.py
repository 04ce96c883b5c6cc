"""Logins under way in a dictionary, in the clear; secrets count up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from application.ports.broker import Secrets
from application.ports.login_states import LINK_LIFE, TRIES, LoginState, Stage
from domain.vocabulary import BrokerName


@dataclass
class _Row:
    state: LoginState
    link: str
    proof: str | None = None
    tries: int = TRIES
    kept: Secrets | None = None


class MemoryLoginStates:
    """The code of a login is its id in capitals."""

    def __init__(self) -> None:
        self.rows: dict[str, _Row] = {}
        self._apps: dict[tuple[UUID, BrokerName], Secrets] = {}
        self._count = 0

    def open(self, principal: UUID, session_id: UUID, broker: BrokerName, now: datetime) -> str:
        link = self.new_proof()
        login_id = f"login{self._count}"
        state = LoginState(
            login_id=login_id,
            principal=principal,
            person="Somebody",
            session_id=session_id,
            broker=broker,
            stage="open",
            differs=False,
            relink=False,
            expires_at=now + LINK_LIFE,
        )
        self.rows[login_id] = _Row(state, link)
        return link

    def new_proof(self) -> str:
        self._count += 1
        return f"secret-{self._count}"

    def of_link(self, link: str, now: datetime) -> LoginState | None:
        return next((r.state for r in self._alive(now) if r.link == link), None)

    def of_browser(self, login_id: str, proof: str, now: datetime) -> LoginState | None:
        mine = (r.state for r in self._alive(now) if r.proof == proof)
        return next((state for state in mine if state.login_id == login_id), None)

    def claim(self, login_id: str, now: datetime) -> str | None:
        if not self.move(login_id, "open", "claimed", now):
            return None
        proof = self.rows[login_id].proof = self.new_proof()
        return proof

    def renew(self, login_id: str, proof: str) -> str | None:
        row = self.rows.get(login_id)
        if row is None or row.proof != proof:
            return None
        row.proof = self.new_proof()
        return row.proof

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
        row = self.rows.get(login_id)
        if row is None or row.state.stage != before or row not in self._alive(now):
            return False
        row.state = replace(
            row.state,
            stage=after,
            expires_at=now + LINK_LIFE,
            differs=row.state.differs if differs is None else differs,
            relink=row.state.relink if relink is None else relink,
        )
        return True

    def keep(self, login_id: str, values: Mapping[str, str]) -> None:
        self.rows[login_id].kept = Secrets(values)

    def kept(self, login_id: str) -> Secrets | None:
        row = self.rows.get(login_id)
        return row.kept if row else None

    def code(self, login_id: str) -> str | None:
        return login_id.upper() if self.kept(login_id) else None

    def is_code(self, login_id: str, typed: str) -> bool:
        return typed == self.code(login_id)

    def miss(self, login_id: str) -> int:
        self.rows[login_id].tries -= 1
        return max(0, self.rows[login_id].tries)

    def give_tries(self, login_id: str) -> None:
        self.rows[login_id].tries = TRIES

    def waiting(
        self, principal: UUID, session_id: UUID, broker: BrokerName, now: datetime
    ) -> Sequence[LoginState]:
        wanted = (principal, session_id, broker, "waiting")
        states = [r.state for r in self._alive(now)]
        return [s for s in states if (s.principal, s.session_id, s.broker, s.stage) == wanted]

    def under_way(self, principal: UUID, session_id: UUID) -> Sequence[LoginState]:
        states = [r.state for r in self.rows.values()]
        return [s for s in states if (s.principal, s.session_id) == (principal, session_id)]

    def empty(self, login_id: str) -> None:
        self.rows[login_id].kept = None

    def drop(self, login_id: str) -> None:
        self.rows.pop(login_id, None)

    def expired(self, now: datetime) -> Sequence[LoginState]:
        return [r.state for r in self.rows.values() if r.state.expires_at <= now]

    def remember_app(self, principal: UUID, broker: BrokerName, values: Secrets) -> None:
        self._apps[principal, broker] = values

    def remembered_app(self, principal: UUID, broker: BrokerName) -> Secrets | None:
        return self._apps.get((principal, broker))

    def forget_app(self, principal: UUID, broker: BrokerName) -> None:
        self._apps.pop((principal, broker), None)

    def _alive(self, now: datetime) -> list[_Row]:
        return [r for r in self.rows.values() if r.state.expires_at > now]
