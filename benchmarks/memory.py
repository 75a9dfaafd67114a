"""Peak memory of recurrent training: torch.nn's layers against the compiled loop.

Each contender works in a process of its own through two batches of unequal lengths; printed is by
how much the process's peak (ru_maxrss) grew meanwhile. A batch of short sequences comes first, so
that compiling and the libraries' own start count for nothing.
"""

import multiprocessing
import resource
from dataclasses import replace
from functools import partial

import torch

from benchmarks.cases import noise_of_hands, ours, recurrent
from benchmarks.torch_peers import last_of_packed, last_of_padded, peer

CONTENDERS = {
    "padded torch.nn": partial(peer, last=last_of_padded),
    "PackedSequence": partial(peer, last=last_of_packed),
    "compiled loop": ours,
}


def _peak() -> float:
    """Return the peak of this process in MiB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def growth(contender: str, cell: str, queue: "multiprocessing.Queue[float]") -> None:
    """Put the growth of the peak in MiB into the queue."""
    torch.set_num_threads(1)
    task = recurrent(cell, "unequal")
    short = noise_of_hands(torch.full_like(task.data.lengths, 7))
    make = CONTENDERS[contender]
    make(replace(task, data=short)).train(1)
    trainer = make(task)
    before = _peak()
    trainer.train(1)
    queue.put(_peak() - before)


def main() -> None:
    """Print a table."""
    context = multiprocessing.get_context("spawn")
    print("| cell | " + " | ".join(f"{name}, MiB" for name in CONTENDERS) + " |")
    print("| --- |" + " ---: |" * len(CONTENDERS))
    for cell in ("gru", "lstm"):
        grown = []
        for contender in CONTENDERS:
            queue = context.Queue()
            process = context.Process(target=growth, args=(contender, cell, queue))
            process.start()
            grown.append(queue.get(timeout=300))
            process.join()
        print(f"| {cell} | " + " | ".join(f"{mib:.0f}" for mib in grown) + " |")


if __name__ == "__main__":
    main()
