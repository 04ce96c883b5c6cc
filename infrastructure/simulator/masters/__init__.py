"""The brokers' master files, as the simulator serves them."""
