"""The training loop of the three-layer perceptron."""
