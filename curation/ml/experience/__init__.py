"""Experience as pure functions: what may be kept, what it is worth, and how a store stays small.

The idea (capture, distil, refine, share) is that of arXiv 2509.18771; its thresholds are not
public, and every formula here is our own.
"""
