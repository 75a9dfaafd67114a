"""Support of a running process: log, signals, checkpoints, memory, progress, machine, commit."""
