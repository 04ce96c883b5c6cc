"""Who is calling: resolved anew for every call, from the verified token or the stdio user.

Never from a connection, a header, `Mcp-Session-Id` or what the client calls itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.mcpserver import Context as McpContext

from application.ports.clock import Ids
from application.sessions.enter_session import check_label
from application.writer import Context
from domain.errors import ScopeMissing
from infrastructure.identity import Identity

DEFAULT_LABEL: Final = "default"
MAX_CLIENT_CHARACTERS: Final = 60


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A person, a session label, and the context that events of this call will carry."""

    identity: Identity
    label: str
    context: Context

    @property
    def principal(self) -> UUID:
        return self.identity.principal


CallerOf = Callable[["McpContext[Any, Any]"], Caller]
"""Any: the SDK's context is generic over a lifespan and a request that we do not use."""


IdentityOf = Callable[[], Identity]
"""Who asks, for requests that come without a context of the SDK's."""


def asking(fixed: Identity | None = None) -> IdentityOf:
    """Over stdio everybody is `fixed`; over HTTP the identity comes with the token."""
    return lambda: fixed or _from_token()


def callers(ids: Ids, fixed: Identity | None = None, label: str = DEFAULT_LABEL) -> CallerOf:
    """Who calls, and from which session; over stdio everybody is `fixed`."""
    identity_of = asking(fixed)

    def caller_of(mcp: McpContext[Any, Any]) -> Caller:
        identity = identity_of()
        request = None if fixed else mcp.request_context.request
        asked = request.query_params.get("session") if request is not None else None
        name, version = _client(mcp)
        return Caller(
            identity=identity,
            label=check_label(asked) if asked else label,
            context=Context(
                principal=identity.principal,
                actor="user",
                correlation_id=ids.new(),
                client_name=name,
                client_version=version,
                trace_id=_trace(mcp),
            ),
        )

    return caller_of


def _from_token() -> Identity:
    token = get_access_token()
    if token is None or token.claims is None or not isinstance(token.claims["who"], Identity):
        raise ScopeMissing("This call carries no identity. Next: send a bearer token.")
    return token.claims["who"]


def require_scope(identity: Identity, scope: str) -> None:
    """Raises:
    ScopeMissing: the token does not have this scope.
    """
    if scope not in identity.scopes:
        has = ", ".join(sorted(identity.scopes)) or "none"
        raise ScopeMissing(
            f"This needs a token with the scope '{scope}'; yours has: {has}. Next: ask the "
            f"operator for one (trading-server users add NAME --scope {scope})."
        )


def _client(mcp: McpContext[Any, Any]) -> tuple[str | None, str | None]:
    """What the client calls itself: a note in the audit trail, never an identity."""
    params = mcp.request_context.session.client_params
    if params is None or params.client_info is None:
        return None, None
    info = params.client_info
    return _short(info.name), _short(info.version)


def _trace(mcp: McpContext[Any, Any]) -> str | None:
    meta = mcp.request_context.meta or {}
    parent = meta.get("traceparent")
    return _short(parent) if isinstance(parent, str) else None


def _short(text: str | None) -> str | None:
    if not text:
        return None
    return "".join(c for c in text if c.isprintable())[:MAX_CLIENT_CHARACTERS] or None
