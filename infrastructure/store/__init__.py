"""The event log and the control tables beside it, on SQLite and on PostgreSQL."""
