"""One deterministic exchange behind the brokers' own wire formats; nothing leaves the machine."""
