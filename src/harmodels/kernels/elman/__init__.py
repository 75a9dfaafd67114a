"""The Elman network's training loops, truncated BPTT and mini-batches."""
