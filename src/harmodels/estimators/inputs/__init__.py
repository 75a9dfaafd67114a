"""What an estimator reads: sequences, labels and weights, checked and brought into one form."""
