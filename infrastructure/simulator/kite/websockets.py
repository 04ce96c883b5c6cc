"""uvicorn's WebSockets, without their log lines: tokens stand in Kite's addresses."""

import logging
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

_SILENT: Final = logging.getLogger("infrastructure.simulator.kite.websockets")
_SILENT.setLevel(logging.ERROR)


class QuietWebSockets(WebSocketsSansIOProtocol):
    """Not by uvicorn's own setting, which silences every server in the process."""

    # Any: whatever uvicorn passes on to its own class.
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _SILENT
        self.conn.logger = _SILENT
        self.conn.debug = False
