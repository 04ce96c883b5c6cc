"""How requests of every adapter go out, whatever its SDK would have done.

As shipped, the SDKs let the environment's proxies and `~/.netrc` into the request, follow
redirects, wait for as long as the network likes, and hold connections and a TLS context per user.
"""

import logging
import re
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import requests.adapters
from urllib3.exceptions import MaxRetryError, NewConnectionError

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
_CONNECTIONS = 64


class Session(requests.Session):
    """One user's session: nothing from the environment, no cookies, no redirects."""

    def __init__(
        self, transport: requests.adapters.HTTPAdapter, timeout_seconds: tuple[float, float]
    ) -> None:
        """`timeout_seconds` is for connecting, and for every wait for bytes after that."""
        super().__init__()
        self._timeout_seconds = timeout_seconds
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.mount("https://", transport)
        self.mount("http://", transport)

    # Any: whatever `requests` passes on to its own method.
    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        # A redirected order would be asked again as a GET, and its failure would look unsent.
        kwargs |= {"allow_redirects": False, "timeout": self._timeout_seconds}
        return super().send(request, **kwargs)


def new_transport() -> requests.adapters.HTTPAdapter:
    """Connections and the TLS context, to be shared by all clients of one broker. No retries."""
    return requests.adapters.HTTPAdapter(
        pool_connections=4, pool_maxsize=_CONNECTIONS, max_retries=0
    )


def was_never_sent(error: BaseException | None) -> bool:
    """Whether this error proves that no byte of the request left: no connection came about.

    Reads where `requests` and urllib3 put the cause, and not `__context__`: that may hold whatever
    the caller was handling before.
    """
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if isinstance(error, requests.ConnectionError) and error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


class _WithoutSecrets(logging.Filter):
    """Some logins and logouts put secrets into the address, which urllib3 logs at DEBUG."""

    _telling = re.compile(r"[?&](access_token|pin|totp|tokenId)=")

    def filter(self, record: logging.LogRecord) -> bool:
        return not self._telling.search(record.getMessage())


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutSecrets())
