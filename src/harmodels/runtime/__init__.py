"""How a process runs: its log, signals, memory, determinism, progress, machine and commit."""
