"""`/approve` and `/approve/<proposal>`: sign in, see exactly what would be sent, say yes or no."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.orders.approve import Approve
from application.ports.clock import Clock, Ids
from application.writer import Context
from domain.errors import InvalidArgument, ReadOnly, Refusal
from infrastructure.identity import Identity, IdentityDirectory
from mcp_interface.approve import pages
from mcp_interface.approve.badges import LIFE, Badges, WrongTokens
from mcp_interface.approve.switches import Halted
from mcp_interface.caller import require_scope
from mcp_interface.composition import Backend
from mcp_interface.connect.forms import is_same, read_form, see_other
from mcp_interface.work import Work

log = structlog.get_logger()

T = TypeVar("T")

COOKIE: Final = "approval"
ITSELF: Final = "approval page"
"""What the events of a yes or no name as the client."""


@dataclass(frozen=True)
class Visitor:
    """Who has signed in, with the badge that says so."""

    identity: Identity
    badge: str


class ApprovalPages:
    """`public_url` is where the world sees this server, when that is not what requests say."""

    def __init__(
        self,
        *,
        approve: Approve,
        halted: Halted,
        identities: IdentityDirectory,
        key: bytes,
        clock: Clock,
        ids: Ids,
        work: Work,
        public_url: str | None,
        read_only: bool,
    ) -> None:
        self._approve = approve
        self._halted = halted
        self._badges = Badges(key, identities, clock, ids)
        self._wrong = WrongTokens(clock)
        self._clock = clock
        self._ids = ids
        self._work = work
        self._public_url = public_url
        self._read_only = read_only

    def routes(self) -> list[Route]:
        return [
            Route(path, handler, methods=[method])
            for path in ("/approve", "/approve/{proposal_id}")
            for method, handler in (("GET", self.show), ("POST", self.take))
        ]

    async def show(self, request: Request) -> Response:
        badge = request.cookies.get(COOKIE, "")
        if not badge and request.headers.get("sec-fetch-site") == "cross-site":
            return pages.arrived_page()
        try:
            identity = await self._work.run(lambda: self._badges.read(badge))
            if identity is None:
                return self._sign_in(request)
            return await self._shown(request, Visitor(identity, badge))
        except Refusal as refusal:
            return pages.refusal_page(refusal)

    async def take(self, request: Request) -> Response:
        """A form was sent."""
        badge = request.cookies.get(COOKIE, "")
        try:
            form = await read_form(request)
            if not is_same(self._badges.csrf(badge), form.get("csrf", "")):
                raise InvalidArgument(
                    "This form is not from this browser (are cookies switched off?)."
                )
            if form.get("do") == "sign-in":
                return await self._signed_in(request, badge, form.get("token", "").strip())
            identity = await self._work.run(lambda: self._badges.read(badge))
            if identity is None:
                return self._sign_in(request)
            return await self._done(request, Visitor(identity, badge), form)
        except Refusal as refusal:
            return pages.refusal_page(refusal)

    # Signing in

    def _sign_in(self, request: Request, wrong: str | None = None, status: int = 200) -> Response:
        badge = self._badges.for_guest()
        answer = pages.sign_in_page(self._badges.csrf(badge), wrong=wrong, status=status)
        self._set_cookie(request, answer, badge)
        return answer

    async def _signed_in(self, request: Request, badge: str, token: str) -> Response:
        if not self._badges.is_ours(badge):
            return self._sign_in(request)
        address = request.client.host if request.client else ""
        if self._wrong.too_many(address):
            return self._sign_in(request, "Too many wrong tokens. Try again in a minute.", 429)
        found = await self._work.run(lambda: self._badges.for_token(token))
        if found is None:
            self._wrong.one_more(address)
            log.warning("wrong token on the approval page")
            return self._sign_in(request, "That token is unknown, expired or revoked.", 403)
        fresh, identity = found
        require_scope(identity, "trade")
        answer = see_other(_itself(request))
        self._set_cookie(request, answer, fresh)
        return answer

    # Seeing and answering

    async def _shown(self, request: Request, visitor: Visitor) -> Response:
        principal, person = visitor.identity.principal, visitor.identity.subject
        csrf, proposal_id = self._badges.csrf(visitor.badge), _named(request)
        if proposal_id is None:
            waiting = await self._work.run(lambda: self._approve.waiting(principal))
            halted = await self._work.run(lambda: self._halted.shown(principal))
            return pages.list_page(person, waiting, halted, csrf, self._clock.now())
        done = await self._work.run(lambda: self._approve.outcome(principal, proposal_id))
        if done is not None:
            return pages.outcome_page(person, done, csrf)
        asked = await self._work.run(lambda: self._approve.look(principal, proposal_id))
        return pages.order_page(person, asked, csrf, self._clock.now())

    async def _done(self, request: Request, visitor: Visitor, form: Mapping[str, str]) -> Response:
        identity, proposal_id = visitor.identity, _named(request)
        csrf, what = self._badges.csrf(visitor.badge), form.get("do")
        if what == "sign-out":
            answer = see_other(_itself(request))
            self._set_cookie(request, answer, "")
            return answer
        known = ("resume",) if proposal_id is None else ("approve", "decline")
        if what not in known:
            raise InvalidArgument("That is no form of this page.")
        require_scope(identity, "trade")
        context = Context(
            principal=identity.principal,
            actor="user",
            correlation_id=self._ids.new(),
            client_name=ITSELF,
        )
        if proposal_id is None:
            stream, version = form.get("switch", ""), form.get("version", "")
            await self._work.run(lambda: self._halted.let_go_on(context, stream, version))
            return see_other(_itself(request))
        if what == "decline":
            await self._work.run(
                lambda: self._approve.decline(context, proposal_id, "page", "declined")
            )
            done = await self._work.run(
                lambda: self._approve.outcome(identity.principal, proposal_id)
            )
            if done is None:
                return pages.declined_page(identity.subject, csrf)
            return pages.outcome_page(identity.subject, done, csrf)
        if self._read_only:
            raise ReadOnly("This server is read-only, so nothing is sent.")
        asked = await self._work.run(lambda: self._approve.find(identity.principal, proposal_id))
        receipt = await self._work.run_at_broker(
            identity.principal,
            asked.proposal.broker,
            lambda: self._approve.confirm(context, proposal_id, "page"),
        )
        return pages.outcome_page(identity.subject, receipt, csrf)

    def _set_cookie(self, request: Request, answer: Response, badge: str) -> None:
        seen = urlsplit(self._public_url or str(request.base_url))
        answer.set_cookie(
            COOKIE,
            badge,
            max_age=int(LIFE.total_seconds()) if badge else 0,
            path=f"{seen.path.rstrip('/')}/approve",
            secure=seen.scheme == "https",
            httponly=True,
            samesite="strict",
        )


def approval_routes(backend: Backend, work: Work, public_url: str | None) -> list[Route]:
    """None where only the client may ask."""
    if backend.settings.confirm == "elicit":
        return []
    return ApprovalPages(
        approve=backend.approve,
        halted=Halted(own_switches=backend.own_switches, kill_switch=backend.kill_switch),
        identities=backend.identities,
        key=backend.keys.get_or_create("approval-cookie"),
        clock=backend.clock,
        ids=backend.ids,
        work=work,
        public_url=public_url,
        read_only=backend.settings.read_only,
    ).routes()


def _named(request: Request) -> str | None:
    named: str | None = request.path_params.get("proposal_id")
    return named


def _itself(request: Request) -> str:
    """This page, seen from itself: whoever serves it may do so under a path of their own."""
    return _named(request) or "approve"
