"""Simulated recordings of phones and hands, for tests and the demo."""
