"""How it happens: event store, control tables, vault, brokers, simulator, settings, clock."""
