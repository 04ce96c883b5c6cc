"""The real engine in a world that can be played again: one thread, one seed, one virtual clock.

Several instances serve the same people over one store and one broker. Every effect is a point where
another task may go on, the instance may die, an acknowledgement may be lost. What happens follows
from the seed alone.
"""
