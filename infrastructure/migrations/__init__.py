"""Event and control tables, made and moved forward by alembic. Views are never migrated."""
