"""The 561 features of UCI HAR, computed from windows of acceleration and angular velocity.

Axes: N windows, T = 128 time steps, D channels, A axes of one signal (3, or 1 for a magnitude),
F = 64 frequency bins. `docs/features.md` holds the formulas and how each one was found.
"""
