"""Loops as single launches on an NVIDIA GPU, by numba.cuda, which is imported when one runs."""
