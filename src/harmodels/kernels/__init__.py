"""The loops of `training`, compiled for the CPU by numba: same signatures, same numbers.

PackedLayout, reasons and bounds: docs/kernels.md.
"""
