"""Open the store for one command.

Commands load what is heavy when they run, mostly through here: `--help` answers without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import typer

from domain.errors import InvalidArgument

if TYPE_CHECKING:
    from mcp_interface.composition import Backend

DEFAULT_LABEL: Final = "default"
Label = Annotated[str, typer.Option("--session", help="Label of the session to use.")]


@contextmanager
def backend(*, projecting: bool = True) -> Iterator["Backend"]:
    """The backend of a command that ends. `projecting`: keep the views up while it runs.

    Raises:
        BadSettings, CannotStart, StoreUnavailable: nothing was opened.
    """
    from infrastructure import logs
    from infrastructure.settings import load_settings
    from mcp_interface.composition import Backend, opened

    settings = load_settings()
    logs.configure("error")  # a command speaks in sentences
    if projecting:
        with opened(settings) as found:
            yield found
        return
    found = Backend(settings)
    try:
        yield found
    finally:
        found.close()


def principal_of(backend: "Backend", user: str) -> UUID:
    """Raises:
    InvalidArgument: nobody of this name was ever here.
    """
    principal = backend.identities.known(user)
    if principal is None:
        raise InvalidArgument(
            f"Nobody called {ascii(user)[:60]} has been here. Next: trading-server users list."
        )
    return principal
