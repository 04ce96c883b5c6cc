"""The simulated exchange: orders, accounts, money, triggers."""
