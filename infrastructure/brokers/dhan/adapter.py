"""The Dhan adapter of the broker port."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from application.ports.broker import AcceptedLogin, Access, LoginInstructions, Secrets
from application.ports.egress import DIRECT, Egress
from application.ports.instruments import Instruments
from domain.vocabulary import Mode
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.clients import root_of
from infrastructure.brokers.dhan import login
from infrastructure.brokers.dhan.writing import DhanWrites
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.lacking import Lacking
from infrastructure.simulator.proof import far_side_is_our_simulator

DHAN_URL: Final = "https://api.dhan.co"
DHAN_AUTH_URL: Final = "https://auth.dhan.co"


class DhanBroker(DhanWrites, Lacking):
    """`url` points the SDK elsewhere, such as the simulator; `None` is Dhan itself.

    Raises:
        ValueError: `url` is not scheme://host[:port].
    """

    display_name: Final = "Dhan"
    needs_login: Final = True

    def __init__(
        self,
        url: str | None,
        keys_dir: Path,
        instruments: Instruments,
        calls: Calls | None = None,
    ) -> None:
        root = root_of(url, DHAN_URL, self.display_name)
        super().__init__(root, instruments, calls or Calls(self.name))
        self._auth_root = DHAN_AUTH_URL if self._root == DHAN_URL else self._root
        self._keys_dir = keys_dir
        self.browser = login.DhanBrowser(f"{self._auth_root}/login/consentApp-login", self._auth)

    def mode(self, egress: Egress = DIRECT) -> Mode:
        """Asked anew every time: whoever listens at an address now may not be who did before."""
        if self._root == DHAN_URL or egress.proxy is not None:
            return "LIVE"
        proven = far_side_is_our_simulator(self._root, self.name, self._keys_dir)
        return "SIMULATED" if proven else "LIVE"

    def login_instructions(self, api_key: str | None) -> LoginInstructions:
        return login.instructions(login.TOKENS_PAGE if self._root == DHAN_URL else None)

    def log_in(self, credentials: Secrets, now: datetime, egress: Egress = DIRECT) -> AcceptedLogin:
        return login.log_in(credentials, now, partial(self._new_client, egress), self._auth(egress))

    def log_out(self, access: Access) -> None:
        """Dhan has no way to end a token before its 24 hours: we forget ours, and that is all."""
        self._clients.forget(access)

    def _auth(self, egress: Egress) -> login.DhanAuth:
        with IMPORTING:
            from infrastructure.brokers.dhan import sdk

        return sdk.Auth(self._auth_root, partial(self._calls.line, egress=egress))
