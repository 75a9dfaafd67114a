"""Peak memory of recurrent training: torch.nn's layers against the compiled loop.

Each contender works in a process of its own through the two batches of the unequal lengths of
`benchmarks.recurrent`; printed is by how much the process's peak (ru_maxrss) grew meanwhile. A
batch of short sequences comes first, so that compiling and the libraries' own start count for
nothing.
"""

import multiprocessing
import resource

import torch

from benchmarks import recurrent

CONTENDERS = ("padded torch.nn", "PackedSequence", "compiled loop")


def _peak() -> float:
    """Return the peak of this process in MiB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def growth(contender: str, cell: str, queue: "multiprocessing.Queue[float]") -> None:
    """Put the growth of the peak in MiB into the queue."""
    torch.set_num_threads(1)
    sizes = recurrent.Sizes()
    data, params = recurrent.make_data("unequal"), recurrent.make_network(cell, sizes.hidden)
    short = data._replace(lengths=torch.full_like(data.lengths, 7), padded=data.padded[:, :7])
    last = {"padded torch.nn": recurrent.last_of_padded, "PackedSequence": recurrent.last_of_packed}

    def train(data: recurrent.Data) -> None:
        setting = cell, params, data, sizes.batch
        if contender in last:
            trainer = recurrent.torch_contender(contender, *setting, last[contender])
        else:
            trainer = recurrent.compiled_contender(*setting)
        trainer.train(1)

    train(short)
    before = _peak()
    train(data)
    queue.put(_peak() - before)


def main() -> None:
    """Print a table."""
    context = multiprocessing.get_context("spawn")
    print("| cell | " + " | ".join(f"{name}, MiB" for name in CONTENDERS) + " |")
    print("| --- |" + " ---: |" * len(CONTENDERS))
    for cell in recurrent.TORCH:
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
