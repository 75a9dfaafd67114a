"""Time R networks in one job on a GPU, against one, a processor, and torch.nn one after another.

`--settle` measures in ten minutes what decides over the GPU path (`benchmarks.settle`).
"""

import platform
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import pandas as pd
import torch

from benchmarks import settle
from benchmarks.cases import (
    Task,
    gated,
    hand_lengths,
    minibatch,
    noise_of_hands,
    ours,
    perceptron,
    truncated_bptt,
    without_graphs,
)
from benchmarks.timing import (
    AUTOGRAD,
    OURS,
    Contender,
    Weights,
    by_contender,
    check_agreement,
    parse,
    parser_of,
    ratio_columns,
    time_in_turn,
    write_csv,
)
from benchmarks.torch_peers import last_of_packed, peer
from harmodels.files import write_text
from harmodels.runtime.determinism import make_deterministic

# After a few items, how far two contenders may be apart, as a share of how far they have come:
# rounding, and a step of Adam's where a gradient is next to nothing.
AGREEMENT_ITEMS, AGREEMENT = 3, 0.05
HEADER = (
    "| case | contender | ms an item | times one network's | networks a second against torch.nn "
    "(least to greatest) | MiB of the first item |\n| --- | --- | ---: | ---: | ---: | ---: |\n"
)


class Scale(NamedTuple):
    """How large the cases are."""

    replicates: tuple[int, ...]
    samples: int  # sequences or vectors
    steps: int  # of sequences of equal length
    longest: int  # of those of unequal length


FULL = Scale((1, 8, 64), 2048, 128, 1151)
TINY = Scale((1, 3), 64, 8, 12)
# A typical network of each report.
CASES: dict[str, Callable[[Scale], Task]] = {
    "truncated_bptt": lambda scale: truncated_bptt(50, 30, "window", scale.samples, scale.steps),
    "minibatch": lambda scale: minibatch(100, 30, scale.samples, scale.steps),
    "perceptron": lambda scale: perceptron(50, 0.09, scale.samples),
    "recurrent": lambda scale: gated(
        "GRU, 128 units, batch of 32, unequal lengths",
        *("gru", 128, 32, noise_of_hands(hand_lengths(scale.samples, scale.longest))),
    ),
}


def contenders_of(host: Task, task: Task, replicates: tuple[int, ...]) -> Iterator[Contender]:
    """Yield torch.nn, with cuDNN's recurrent layers and its own; the compiled loop; R networks.

    `task` is `host` with its sequences on the device. The compiled loop trains one network on one
    core of the processor; R networks are one job on the device.
    """
    last = last_of_packed if task.training == "recurrent" else None
    if task.training == "perceptron":
        yield peer(task)
    else:
        yield peer(task, "torch.nn, cuDNN, autograd", last)
        yield peer(task, f"{AUTOGRAD} without cuDNN", last, cudnn=False)
    yield ours(host, f"{OURS}, one core")
    for R in replicates:
        yield ours(task, f"harmodels, {R} in one job", "reference", R)
    if task.training in ("minibatch", "perceptron"):
        eager = ours(task, "", "reference")

        def plain(items: int) -> Weights:
            with without_graphs():
                return eager.train(items)

        yield Contender("harmodels, 1, without a graph", plain)


def first_item_mib(contender: Contender, device: torch.device) -> float | None:
    """Return the most memory that a contender's first item took beyond what was there before.

    A replayed graph allocates nothing; what it uses is allocated while it is recorded.
    """
    if device.type != "cuda":
        return None
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    contender.train(1)
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def summarise(
    name: str,
    title: str,
    contenders: list[Contender],
    times: pd.DataFrame,
    memory: dict[str, float | None],
) -> pd.DataFrame:
    """Return a row a contender; ratios are taken within a round, medians are over the rounds."""
    wide = by_contender(times)
    torchs = contenders[0].name
    one = next(c.name for c in contenders if c.name.startswith("harmodels"))
    return pd.DataFrame(
        {
            "case": name,
            "title": title,
            "contender": contender.name,
            "networks": contender.networks,
            "milliseconds": 1e3 * wide[contender.name].median(),
            "times_one": (wide[contender.name] / wide[one]).median(),
            **ratio_columns(contender.networks * wide[torchs] / wide[contender.name], "faster"),
            "mib": memory[contender.name],
        }
        for contender in contenders
    )


def markdown(summary: pd.DataFrame) -> str:
    """Return the table."""
    lines = []
    for row in summary.itertuples():
        mib = "not taken" if pd.isna(row.mib) else f"{row.mib:.0f}"
        lines.append(
            f"| {row.title} | {row.contender} | {row.milliseconds:.3g} | {row.times_one:.2f} "
            f"| {row.faster:.3g} ({row.faster_min:.3g} to {row.faster_max:.3g}) | {mib} |\n"
        )
    return HEADER + "".join(lines)


def circumstances(device: torch.device, rounds: int) -> str:
    """Return the sentence that belongs under the table."""
    name = torch.cuda.get_device_name() if device.type == "cuda" else "no GPU, only a trial"
    return (
        f"{name}, float32 without TF32, deterministic algorithms, medians of {rounds} interleaved "
        f"rounds; torch {torch.__version__}, CUDA {torch.version.cuda}, "
        f"Python {platform.python_version()}.\n"
    )


def main() -> None:
    """Time the chosen cases, print the table and write the results."""
    parser = parser_of("benchmarks.gpu", __doc__, 0.5, CASES)
    parser.add_argument(
        "--device", choices=("cuda", "cpu"), default="cuda", help="cpu: to try this program out"
    )
    parser.add_argument("--tiny", action="store_true", help="small cases, two short rounds")
    parser.add_argument(
        "--settle", action="store_true", help="ten minutes of measurements that decide"
    )
    arguments = parse(parser, "tiny", 0.005)
    if arguments.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit(
            "nothing measured: torch.cuda.is_available() is false. This needs an NVIDIA GPU and a "
            "torch built for CUDA; --device cpu --tiny only tries the program out"
        )
    if arguments.settle:
        settle.run(arguments.output, arguments.device, tiny=arguments.tiny)
        return
    make_deterministic()
    device, scale = torch.device(arguments.device), TINY if arguments.tiny else FULL
    summaries = []
    for name in arguments.case or CASES:
        host = CASES[name](scale)
        task = replace(host, data=host.data.to(arguments.device))
        contenders = list(contenders_of(host, task, scale.replicates))
        memory = {each.name: first_item_mib(each, device) for each in contenders}
        share = check_agreement(name, host.start, contenders, AGREEMENT_ITEMS, AGREEMENT)
        print(f"{task.title}: within {share:.1g} of the way; timing …", flush=True)
        times = time_in_turn(contenders, arguments.rounds, arguments.seconds)
        write_csv(arguments.output / f"{device.type}-{name}.csv", times)
        summaries.append(summarise(name, task.title, contenders, times, memory))
    summary = pd.concat(summaries, ignore_index=True)
    sentence = circumstances(device, arguments.rounds)
    write_text(arguments.output / f"{device.type}.md", f"{markdown(summary)}\n{sentence}")
    write_csv(arguments.output / f"{device.type}.csv", summary)
    print(f"\n{markdown(summary)}\n{sentence}")


if __name__ == "__main__":
    main()
