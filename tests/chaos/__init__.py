"""Real servers, real databases and a real broker over HTTP, killed again and again.

`make chaos` runs it at any size, `test_chaos.py` in CI. Each order at the broker must have exactly
one in the store and the reverse, and no answer may have been a lie. Naive variants of the order
flow are run by the same harness, and must be caught.
"""
