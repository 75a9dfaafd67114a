"""Time the compiled loops against torch.nn with autograd and against the reference engine."""

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from benchmarks import minibatch, perceptron, recurrent, report, tbptt
from benchmarks.timing import (
    Case,
    check_agreement,
    matrix_product_gigaflops,
    summarise,
    time_case,
    use_one_thread,
)
from harmodels.files import write_text

# A new kernel adds a function that returns its Case, and a line here.
CASES: dict[str, Callable[[], Case]] = (
    {
        f"tbptt-hidden{hidden}-window{window}": partial(tbptt.make_case, hidden, window)
        for hidden in (50, 100)
        for window in (10, 30)
    }
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
        f"{cell}-{kind}-threads{threads}": partial(recurrent.make_case, cell, kind, threads)
        for cell in recurrent.TORCH
        for kind in ("unequal", "equal")
        for threads in (1, 2)
    }
)

# Items trained before the weights are compared, and the difference allowed: float32 sums in
# another order, over a few tens of updates.
AGREEMENT_ITEMS, AGREEMENT_TOLERANCE = 3, 1e-5


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
        "--output", type=Path, default=Path("results/benchmarks"), help="folder of the results"
    )
    parser.add_argument(
        "--quick", action="store_true", help="two short rounds, to see that it runs"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds, arguments.seconds = 2, 0.02
    if arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("--rounds must be 1 or more and --seconds above 0")
    return arguments


def main() -> None:
    """Time the chosen cases, print the table and write the results."""
    arguments = _arguments()
    use_one_thread()
    summaries = []
    for name in arguments.case or CASES:
        case = CASES[name]()
        difference = check_agreement(case, AGREEMENT_ITEMS, AGREEMENT_TOLERANCE)
        print(f"{case.title}: weights agree within {difference:.1g}; timing …", flush=True)
        times = time_case(case, rounds=arguments.rounds, seconds=arguments.seconds)
        write_text(arguments.output / f"{name}.csv", times.to_csv(index=False, lineterminator="\n"))
        summaries.append(summarise(case, times))
    summary = pd.concat(summaries, ignore_index=True)
    sentence = report.circumstances(arguments.rounds, matrix_product_gigaflops())
    report.write(summary, sentence, arguments.output)
    print(f"\n{report.markdown(summary)}\n{sentence}")
    print(f"Written to {arguments.output}")


if __name__ == "__main__":
    main()
