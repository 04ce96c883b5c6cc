"""The simulated market: what is listed, what it costs, and when it is open."""
