"""Technical indicators: TA-Lib wherever it has the function, the rest on top of it."""
