"""The loops of `training`, compiled for the CPU by numba: same signatures, same numbers.

Layout, reasons and bounds: docs/kernels.md.
"""
