"""What an operator and an auditor see, as plain JSON values: for the admin API and the command
line alike. Names of people are shown here, and only here."""

from datetime import datetime
from typing import Any
from uuid import UUID

from application.audit import SessionAsOf
from domain.instants import outside
from domain.order_reports import OrderReport
from mcp_interface.composition import Backend
from mcp_interface.tools.orders.order_rows import row_of
from mcp_interface.tools.results import when
from projections.audit_timeline import TimelineEntry
from projections.session_info import SessionInfo

Plain = dict[str, Any]
"""A JSON object. Any: its values are JSON."""


def session_page(
    backend: Backend,
    *,
    active_only: bool,
    principal: UUID | None = None,
    limit: int = 100,
    offset: int = 0,
) -> Plain:
    """Sessions, newest first, with their owners' names."""
    answer = backend.admin.sessions(
        active_only=active_only, principal=principal, limit=limit, offset=offset
    )
    found, total = answer.value
    names = backend.identities.names()
    return {
        "sessions": [session_row(backend, info, names) for info in found],
        "total": total,
        "asOfPosition": answer.as_of_position,
        "stale": answer.stale,
    }


def session_row(backend: Backend, info: SessionInfo, names: dict[UUID, str]) -> Plain:
    last = backend.activity.last(info.session_id)
    return {
        "sessionId": str(info.session_id),
        "user": names.get(info.principal, str(info.principal)),
        "label": info.label,
        "generation": info.generation,
        "createdAt": outside(info.created_at),
        "lastActivity": outside(max(info.last_event_at, last or info.last_event_at)),
        "endsAt": outside(info.ends_at),
        "activeBroker": info.active_broker,
        "authenticatedBrokers": sorted(info.logins),
        "ordersRequested": info.orders_requested,
        "openOrders": info.orders_open,
        "endedAt": when(info.ended_at),
        "endReason": info.end_reason,
    }


def statistics(backend: Backend) -> Plain:
    """The seed's session statistics, orders by state now, every total since the first event."""
    totals, orders = backend.admin.statistics(), backend.admin.orders_now()
    return {
        "activeSessions": backend.store.active_sessions(),
        "maxSessions": backend.settings.max_sessions,
        "activeByBroker": backend.admin.brokers_in_use().value,
        "ordersNow": orders.value,
        "totals": totals.value,
        "asOfPosition": min(totals.as_of_position, orders.as_of_position),
        "stale": totals.stale or orders.stale,
    }


def timeline_row(entry: TimelineEntry) -> Plain:
    return {
        "position": entry.position,
        "recordedAt": outside(entry.recorded_at),
        "event": entry.name,
        "actor": entry.actor,
        "client": entry.client,
        "sessionId": str(entry.stream_id),
        "version": entry.version,
        "orderKey": entry.order_key,
        "summary": entry.summary,
        "words": entry.words,
    }


def state_row(found: SessionAsOf, at: datetime) -> Plain:
    """One session as it was known at a moment."""
    session = found.session
    return {
        "sessionId": str(found.opened.session_id),
        "label": session.label,
        "generation": session.generation,
        "asOf": outside(at),
        "createdAt": outside(found.created_at),
        "endsAt": outside(session.ends_at),
        "ended": session.ended,
        "activeBroker": session.active_broker,
        "authenticatedBrokers": sorted(session.logins),
        "events": found.events,
        "orders": [_order(report) for report in found.orders],
    }


def _order(report: OrderReport) -> Plain:
    return row_of(report).model_dump(mode="json", by_alias=True)
