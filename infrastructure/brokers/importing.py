"""One lock for the first import of an SDK.

The SDKs are imported by whichever worker thread needs one first. Two threads that begin at the same
moment at different ends of the same packages get in each other's way: Python then hands one of them
a half-made module, and an order ends as never sent (it happened right after a restart, under load).
"""

from threading import RLock
from typing import Final

IMPORTING: Final = RLock()
"""Hold it around every import of an adapter's `sdk` or `outcome` module."""
