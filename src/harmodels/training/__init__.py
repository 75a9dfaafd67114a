"""Training: the readable loops on tensors, and what is common to all of them."""
