"""What Dhan's login host answers: consents for apps, and tokens for PIN and TOTP. Lives at `/app`.

Documented, not recorded. Dhan's page asks for a password and this one for nothing: whoever has the
link is the user that the consent was asked for.
"""

from collections.abc import Awaitable, Callable
from html import escape
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from infrastructure.simulator.dhan.login import DHAN, DhanLogin, DhanLogins
from infrastructure.simulator.dhan.rows import token_row
from infrastructure.simulator.dhan.wire import DhanError, answer, failure
from infrastructure.simulator.exchange.exchange import Exchange

CONSENT_PAGE = "/login/consentApp-login"

Endpoint = Callable[[Request], Awaitable[Response]]


class DhanAuthFace:
    """The routes of one simulated auth.dhan.co, over a shared exchange."""

    def __init__(self, exchange: Exchange, logins: DhanLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        """Every route of Dhan's login host that is simulated."""
        return [
            Route("/app/generate-consent", _answered(self.generate_consent), methods=["POST"]),
            Route(CONSENT_PAGE, self.consent_page, methods=["GET"]),
            # The documentation says POST, Dhan's own SDK says GET; Dhan takes both.
            Route("/app/consumeApp-consent", _answered(self.consume), methods=["GET", "POST"]),
            Route("/app/generateAccessToken", _answered(self.log_in), methods=["POST"]),
        ]

    async def generate_consent(self, request: Request) -> object:
        consent_id = self.logins.ask(*_app(request), request.query_params.get("client_id", ""))
        return {
            "consentAppId": consent_id,
            "consentAppStatus": "GENERATED",
            "status": "success",
        }

    async def consent_page(self, request: Request) -> Response:
        """A page with one button. A program that accepts JSON consents at once."""
        asked = request.query_params
        consent_id = asked.get("consentAppId", "")
        consent = self.logins.asked(consent_id)
        if consent is None:
            return _page("<p>This consent was given before, or it is too old.</p>", 404)
        as_json = "application/json" in request.headers.get("accept", "")
        if not as_json and asked.get("decision") != "allow":
            return _page(
                f"<form><p>Let the app <code>{escape(consent.app_id)}</code> trade for "
                f"<code>{escape(consent.user)}</code>?</p>"
                f'<input type="hidden" name="consentAppId" value="{escape(consent_id)}">'
                '<button name="decision" value="allow">Allow</button></form>'
                "<p>No password: nothing here is real.</p>"
            )
        token_id = self.logins.give(consent_id)
        redirect_url = self.logins.redirect_url(consent)
        if token_id is None:
            return _page("<p>This consent was given before, or it is too old.</p>", 404)
        if as_json:
            return JSONResponse({"tokenId": token_id, "dhanClientId": consent.user})
        if redirect_url is None:
            return _page(
                "<p>Allowed. The token id, good once and for ten minutes:</p>"
                f"<p><code>{token_id}</code></p>"
            )
        joint = "&" if "?" in redirect_url else "?"
        return RedirectResponse(f"{redirect_url}{joint}{urlencode({'tokenId': token_id})}", 302)

    async def consume(self, request: Request) -> object:
        login = self.logins.consume(*_app(request), request.query_params.get("tokenId", ""))
        return self._token(login)

    async def log_in(self, request: Request) -> object:
        asked = request.query_params
        return self._token(
            self.logins.log_in(
                asked.get("dhanClientId", ""), asked.get("pin", ""), asked.get("totp", "")
            )
        )

    def _token(self, login: DhanLogin) -> object:
        name = self.exchange.account_name(DHAN, login.user)
        return token_row(login.user, name, login.token, login.ends_at)


def _app(request: Request) -> tuple[str, str]:
    return request.headers.get("app_id", ""), request.headers.get("app_secret", "")


def _answered(handler: Callable[[Request], Awaitable[object]]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            return answer(200, await handler(request))
        except DhanError as error:
            return failure(error)

    return endpoint


def _page(body: str, status: int = 200) -> HTMLResponse:
    head = "<!doctype html><html lang='en'><meta charset='utf-8'><title>Simulated Dhan</title>"
    return HTMLResponse(f"{head}<h1>Simulated Dhan consent</h1>{body}</html>", status)
