"""From recordings to tables: sources, parsing, windows, splits, simulation."""
