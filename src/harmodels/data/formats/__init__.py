"""Parsers, one file for each format in which recordings are published."""
