"""Training jobs: from sequences to weights, predictions, history and run.json."""
