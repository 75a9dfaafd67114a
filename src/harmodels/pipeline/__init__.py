"""Answers to the rules: which files to build, from what, and by which code."""
