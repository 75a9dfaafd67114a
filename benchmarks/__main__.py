"""Time the compiled loops against JAX and torch.nn on one thread."""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks import jax_peers, minibatch, perceptron, recurrent, report, tbptt
from benchmarks.bounds import Meter
from benchmarks.recurrent import Sizes
from benchmarks.timing import Case, check_agreement, time_case, use_one_thread
from harmodels.files import write_text

# Several batches an item: a call lays out weights and moments once, as an epoch does.
WIDE = [
    (cell, Sizes(hidden, batch, batches, steps=20))
    for cell, hidden in (("gru", 256), ("gru", 512), ("gru", 1280), ("lstm", 512))
    for batch, batches in ((5, 8), (50, 3))
]

# A new kernel adds a function that returns its Case, and a line here.
CASES: dict[str, Callable[[], Case]] = (
    {
        f"tbptt-hidden{hidden}-window{window}": partial(tbptt.make_case, hidden, window)
        for hidden in (50, 100)
        for window in (10, 30)
    }
    | {"tbptt-hidden50-window10-once": partial(tbptt.make_case, 50, 10, once=True)}
    | {
        f"minibatch-hidden{hidden}-batch{batch_size}": partial(
            minibatch.make_case, hidden, batch_size
        )
        for hidden in (50, 100)
        for batch_size in (10, 30)
    }
    | {
        f"mlp-batch{batch_size}-momentum{momentum:g}": partial(
            perceptron.make_case, batch_size, momentum
        )
        for batch_size in (1, 50)
        for momentum in (0.0, 0.09)
    }
    | {
        f"{cell}128-{kind}-batch32": partial(recurrent.make_case, cell, kind, Sizes())
        for cell in recurrent.TORCH
        for kind in ("unequal", "sorted", "equal")
    }
    | {
        f"{cell}{sizes.hidden}-equal-batch{sizes.batch}": partial(
            recurrent.make_case, cell, "equal", sizes
        )
        for cell, sizes in WIDE
    }
)

# A case of each kind, to see that all runs.
QUICK = (
    "tbptt-hidden50-window10",
    "minibatch-hidden50-batch10",
    "mlp-batch1-momentum0",
    "mlp-batch50-momentum0.09",
    "gru128-unequal-batch32",
    "lstm128-equal-batch32",
    "gru256-equal-batch5",
)

# Items trained before the weights are compared, and how far they may be apart, as a share of the
# way they have come: float32 sums in another order, over a few tens of updates, and now and then a
# ReLU that rounding tips over.
AGREEMENT_ITEMS, AGREEMENT_TOLERANCE = 2, 1e-3


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--case", action="append", choices=CASES, help="time this case only (repeatable)"
    )
    parser.add_argument("--rounds", type=int, default=9, help="rounds after the warm-up (9)")
    parser.add_argument(
        "--seconds", type=float, default=0.3, help="work of a contender in a round (0.3)"
    )
    parser.add_argument(
        "--clock",
        choices=("wall", "processor"),
        default="wall",
        help="processor: count only seconds in which this process runs, on a shared machine",
    )
    parser.add_argument(
        "--output", type=Path, default=Path("results/benchmarks"), help="folder of the results"
    )
    parser.add_argument(
        "--quick", action="store_true", help="two short rounds of a case of each kind"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.seconds = 2, 0.02
    if arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("--rounds must be 1 or more and --seconds above 0")
    return arguments


def main() -> None:
    """Time the chosen cases, print the tables and write the results."""
    arguments = _arguments()
    use_one_thread()
    clock = time.perf_counter if arguments.clock == "wall" else time.process_time
    if not jax_peers.AVAILABLE:
        print('JAX is left out: it is not installed (pip install "harmodels[bench]")')
    if arguments.quick:
        print("torch.compile is left out of a quick run: it compiles longer than all else takes")
    elif not perceptron.torch_compiles():
        print("torch.compile is left out: it needs a C++ compiler")
    summaries, product = [], 0.0
    for name in arguments.case or (QUICK if arguments.quick else CASES):
        case = CASES[name]()
        if arguments.quick:
            quick = tuple(c for c in case.contenders if c.name != perceptron.TORCH_COMPILE)
            case = replace(case, contenders=quick)
        share = check_agreement(case, AGREEMENT_ITEMS, AGREEMENT_TOLERANCE)
        print(f"{case.title}: weights agree within {share:.1g} of their way; timing …", flush=True)
        assert case.work is not None
        meter = Meter(case.work, clock)
        times = time_case(
            case,
            rounds=arguments.rounds,
            seconds=arguments.seconds,
            clock=clock,
            every_round=meter,
        )
        write_text(arguments.output / f"{name}.csv", times.to_csv(index=False, lineterminator="\n"))
        summaries.append(report.summarise(case, times, meter))
        product = max(product, *meter.products)
    summary = pd.concat(summaries, ignore_index=True)
    sentence = report.circumstances(arguments.rounds, arguments.clock, product, summary)
    report.write(summary, sentence, arguments.output)
    print(f"\n{report.markdown(summary)}\n{sentence}")
    print(f"Written to {arguments.output}")


if __name__ == "__main__":
    main()
