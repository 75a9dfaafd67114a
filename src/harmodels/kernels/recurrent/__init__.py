"""The training loop of stacked and hierarchical SimpleRNN, GRU and LSTM on packed sequences."""
