"""Holdings, positions, money."""
