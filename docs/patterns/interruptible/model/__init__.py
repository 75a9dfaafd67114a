"""Package of the example: what the scripts import."""
