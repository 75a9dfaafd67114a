"""Finished runs: reading their files, selecting runs, choosing the best, measuring."""
