"""Time the compiled loops against JAX and torch.nn on one thread."""

import time

import pandas as pd

from benchmarks import jax_peers, map, report, torch_peers
from benchmarks.bounds import Meter, bandwidths, check_bounds
from benchmarks.cases import CASES, QUICK, ours
from benchmarks.timing import (
    check_agreement,
    parse,
    parser_of,
    time_in_turn,
    use_one_thread,
    write_csv,
)

# Items trained before the weights are compared, and how far they may be apart, as a share of the
# way they have come: float32 sums in another order, over a few tens of updates, and now and then a
# ReLU that rounding tips over.
AGREEMENT_ITEMS, AGREEMENT_TOLERANCE = 2, 1e-3


def main() -> None:
    """Time the chosen cases, print the tables and write the results."""
    parser = parser_of("benchmarks", __doc__, 0.3, CASES)
    parser.add_argument(
        "--clock",
        choices=("wall", "processor"),
        default="wall",
        help="processor: count only seconds in which this process runs, on a shared machine",
    )
    parser.add_argument(
        "--quick", action="store_true", help="two short rounds of a case of each kind"
    )
    parser.add_argument("--map", action="store_true", help="time shapes instead of cases")
    parser.add_argument("--minutes", type=float, default=30, help="at most, of a map (30)")
    arguments = parse(parser, "quick", 0.02)
    use_one_thread()
    clock = time.perf_counter if arguments.clock == "wall" else time.process_time
    if not jax_peers.AVAILABLE:
        print('JAX is left out: it is not installed (pip install --editable ".[bench]")')
    if arguments.map:
        map.run(arguments)
        return
    if arguments.quick:
        print("torch.compile is left out of a quick run: it compiles longer than all else takes")
    elif not torch_peers.compiles():
        print("torch.compile is left out: it needs a C++ compiler")
    summaries, rates = [], {"multiply-adds": 0.0, "product": 0.0}
    for name in arguments.case or (QUICK if arguments.quick else CASES):
        task = CASES[name]()
        peers = *torch_peers.peers(task, arguments.quick), *jax_peers.peers(task)
        contenders = ours(task), *peers
        share = check_agreement(name, task.start, contenders, AGREEMENT_ITEMS, AGREEMENT_TOLERANCE)
        print(f"{task.title}: weights agree within {share:.1g} of their way; timing …", flush=True)
        assert task.work is not None
        meter = Meter(task.work, clock)
        times = time_in_turn(contenders, arguments.rounds, arguments.seconds, clock, meter)
        write_csv(arguments.output / f"{name}.csv", times)
        summaries.append(report.summarise(name, task.title, times, meter))
        for rate, measured in (("multiply-adds", meter.multiply_adds), ("product", meter.products)):
            rates[rate] = max(rates[rate], *measured)
    summary = pd.concat(summaries, ignore_index=True)
    sentence = report.circumstances(
        arguments.rounds, arguments.clock, rates, bandwidths(clock), summary
    )
    report.write(summary, sentence, arguments.output)
    print(f"\n{report.markdown(summary)}\n{sentence}")
    print(f"Written to {arguments.output}")
    check_bounds(summary)


if __name__ == "__main__":
    main()
