"""Records under results/: what one step writes as JSON and later steps read back, as types."""
