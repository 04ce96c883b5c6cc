"""The log, decoded, for whoever follows it."""

from collections.abc import Sequence

import msgspec

from application.ports.event_store import EventStore
from domain.catalog import Catalog, UnknownEventName
from domain.envelope import Recorded, Row, Undecodable


class DecodedLog:
    """Reads and decodes batches. Several followers at the same position share one decoding."""

    def __init__(self, store: EventStore, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog
        self._last: tuple[int, int, Sequence[Recorded | Undecodable]] | None = None

    def __call__(self, after: int, limit: int) -> Sequence[Recorded | Undecodable]:
        """Up to `limit` events behind position `after`. A batch that was read before may come
        back as it was then, shorter than it could be now; it is never wrong."""
        last = self._last
        if last is not None and last[:2] == (after, limit):
            return last[2]
        batch = [self._decode(row) for row in self._store.log(after, limit)]
        if batch:
            self._last = (after, limit, batch)
        return batch

    def _decode(self, row: Row) -> Recorded | Undecodable:
        try:
            recorded = self._catalog.read(row)
            _ = recorded.envelope  # a damaged one is told here; a fold that met it would stop
            return recorded
        except UnknownEventName as e:
            cause, unknown_name = str(e), True
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as e:
            cause, unknown_name = f"{type(e).__name__}: {e}", False
        assert row.position is not None, "rows of the log have positions"
        return Undecodable(row.name, row.stream_id, row.version, row.position, cause, unknown_name)
