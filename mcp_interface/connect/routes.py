"""`/connect/<broker>` and `/connect/<broker>/callback`: from a link to a code.

A link is only looked at by opening it, so that a program that previews links uses up none. The
first form that is sent from its page binds it to that browser, through a cookie, and from then on
the link itself opens nothing. Every form, and coming back from the broker, make that cookie anew:
whoever had it before, and could have planted it in this browser, sees nothing of what follows.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports.broker import Secrets
from application.ports.clock import Clock
from application.ports.login_states import LINK_LIFE, LoginState
from application.sessions.connecting import Connecting, Filled
from application.sessions.waiting_logins import NEW_LINK
from domain.errors import LoginLinkRefused, Refusal, SessionHasExpired
from mcp_interface.connect import pages
from mcp_interface.connect.forms import is_same, read_form, see_other
from mcp_interface.work import Work

T = TypeVar("T")

COOKIE: Final = "connect-"
MOST_LOGINS: Final = 20
"""Whose cookies are looked at where the broker does not say which login comes back."""
OURS: Final = frozenset({"csrf", "method", "remember", "relink", "forget"})
COOKIE_SECONDS: Final = 3 * int(LINK_LIFE.total_seconds())


class ConnectPages:
    """`public_url` is where the world sees this server, when that is not what requests say."""

    def __init__(
        self, connecting: Connecting, clock: Clock, work: Work, public_url: str | None
    ) -> None:
        self._connecting = connecting
        self._states = connecting.states
        self._clock = clock
        self._work = work
        self._public_url = public_url

    def routes(self) -> list[Route]:
        return [
            Route("/connect/{broker}", self.show, methods=["GET"]),
            Route("/connect/{broker}", self.take, methods=["POST"]),
            Route("/connect/{broker}/callback", self.come_back, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        try:
            login = await self._work.run(lambda: self._asked_for(request))
            cookie = request.cookies.get(_cookie_name(login)) or self._states.new_proof()
            answer = await self._at_broker(login, lambda: self._page(request, login, cookie))
        except Refusal as refusal:
            return pages.refusal_page(refusal, _unless_over(refusal, ""))
        if login.stage == "open":
            self._set_cookie(request, answer, login, cookie)
        return answer

    async def take(self, request: Request) -> Response:
        """A form was sent."""
        try:
            form = await read_form(request)
            login = await self._work.run(lambda: self._asked_for(request))
            cookie = request.cookies.get(_cookie_name(login), "")
            if not cookie or not is_same(_csrf(cookie), form.get("csrf", "")):
                raise LoginLinkRefused(
                    f"This form is not from this browser (are cookies switched off?). {NEW_LINK}"
                )
            login, cookie = await self._work.run(lambda: self._claimed(login, cookie))
        except Refusal as refusal:
            return pages.refusal_page(refusal, _unless_over(refusal, ""))
        try:
            url = await self._at_broker(
                login, lambda: self._connecting.submit(login, _filled(form))
            )
            answer: Response = see_other(url or _own_page(login))
        except Refusal as refusal:
            answer = pages.refusal_page(refusal, _unless_over(refusal, _own_page(login)))
        self._set_cookie(request, answer, login, cookie)
        return answer

    async def come_back(self, request: Request) -> Response:
        """The broker has sent the browser here."""
        try:
            login = await self._work.run(lambda: self._returning(request))
            there = f"../{login.broker}{_own_page(login)}"
            if login.stage != "away":
                return see_other(there)  # the back button, or a second click: show how far it is
            old = request.cookies[_cookie_name(login)]
            cookie = await self._work.run(lambda: self._renewed(login, old))
        except Refusal as refusal:
            return pages.refusal_page(refusal, _unless_over(refusal, ""))
        try:
            brought = dict(request.query_params)
            await self._at_broker(login, lambda: self._connecting.come_back(login, brought))
            answer = see_other(there)
        except Refusal as refusal:
            answer = pages.refusal_page(refusal, _unless_over(refusal, there))
        self._set_cookie(request, answer, login, cookie)
        return answer

    def _asked_for(self, request: Request) -> LoginState:
        """The login that this address names, if this browser may see it.

        Raises:
            LoginLinkRefused: there is none, or it is another browser's.
        """
        now, asked = self._clock.now(), request.query_params
        login_id, link = asked.get("login"), asked.get("state")
        login = self._states.of_link(link, now) if link and not login_id else None
        if login is not None and login.stage != "open":
            login_id, login = login.login_id, None
        if login is None and login_id:
            login = self._of_this_browser(request, login_id)
        if login is None or login.broker != request.path_params["broker"]:
            raise LoginLinkRefused(
                "This link is too old, was used before, or was opened in another browser. "
                + NEW_LINK
            )
        return login

    def _of_this_browser(self, request: Request, login_id: str) -> LoginState | None:
        proof = request.cookies.get(COOKIE + login_id)
        return self._states.of_browser(login_id, proof, self._clock.now()) if proof else None

    def _claimed(self, login: LoginState, cookie: str) -> tuple[LoginState, str]:
        """Bind a link to this browser, once; with a cookie that nobody has seen before."""
        if login.stage != "open":
            return login, self._renewed(login, cookie)
        proof = self._states.claim(login.login_id, self._clock.now())
        claimed = proof and self._states.of_browser(login.login_id, proof, self._clock.now())
        if not proof or not claimed:
            raise LoginLinkRefused(
                f"This link was just used, in another browser or by a second click. {NEW_LINK}"
            )
        return claimed, proof

    def _renewed(self, login: LoginState, cookie: str) -> str:
        """Raises:
        LoginLinkRefused: another request with this cookie was faster.
        """
        proof = self._states.renew(login.login_id, cookie)
        if proof is None:
            raise LoginLinkRefused(f"This login went on in another tab. {NEW_LINK}")
        return proof

    def _returning(self, request: Request) -> LoginState:
        """The login that the broker's answer belongs to: the one it names or, at a broker that
        hands nothing through, the last that this browser was sent away for."""
        broker, named = request.path_params["broker"], request.query_params.get("state")
        ids = [named] if named else logins_of(request.cookies)
        found = [self._of_this_browser(request, login_id) for login_id in ids]
        mine = [login for login in found if login is not None and login.broker == broker]
        away = [login for login in mine if login.stage == "away"]
        if not mine:
            raise LoginLinkRefused(
                "This browser did not begin this login, so it was not used. " + NEW_LINK
            )
        return max(away or mine, key=lambda login: login.expires_at)

    def _page(self, request: Request, login: LoginState, cookie: str) -> Response:
        visit = self._connecting.visit(login)
        if login.stage == "waiting":
            return pages.code_page(visit, *self._connecting.waiting.code(login))
        if login.stage == "finished":
            return pages.finished_page(visit)
        if login.stage == "busy":
            return pages.busy_page(visit)
        return pages.form_page(visit, _csrf(cookie), self.callback(request, login.broker))

    def callback(self, request: Request, broker: str) -> str:
        """What people register at the broker as the redirect URL of their app."""
        base = self._public_url or str(request.base_url)
        return f"{base.rstrip('/')}/connect/{broker}/callback"

    async def _at_broker(self, login: LoginState, job: Callable[[], T]) -> T:
        return await self._work.run_at_broker(login.principal, login.broker, job)

    def _set_cookie(
        self, request: Request, answer: Response, login: LoginState, value: str
    ) -> None:
        seen = urlsplit(self._public_url or str(request.base_url))
        answer.set_cookie(
            _cookie_name(login),
            value,
            max_age=COOKIE_SECONDS,
            path=f"{seen.path.rstrip('/')}/connect/{login.broker}",
            secure=seen.scheme == "https",
            httponly=True,
            samesite="lax",
        )


def _cookie_name(login: LoginState) -> str:
    return COOKIE + login.login_id


def _own_page(login: LoginState) -> str:
    return f"?login={login.login_id}"


def logins_of(cookies: Mapping[str, str]) -> list[str]:
    """The logins that a browser has cookies of; each of them will be looked up."""
    ids = [name.removeprefix(COOKIE) for name in cookies if name.startswith(COOKIE)]
    return ids[:MOST_LOGINS]


def _unless_over(refusal: Refusal, where: str) -> str | None:
    return None if isinstance(refusal, LoginLinkRefused | SessionHasExpired) else where


def _csrf(cookie: str) -> str:
    return hashlib.sha256(f"csrf:{cookie}".encode()).hexdigest()


def _filled(form: dict[str, str]) -> Filled:
    values = {name: value for name, value in form.items() if name not in OURS and value}
    return Filled(
        method=form.get("method", ""),
        values=Secrets(values),
        remember_app=form.get("remember") == "yes",
        forget_app=form.get("forget") == "yes",
        relink=form.get("relink") == "yes",
    )
