"""Time R networks in one job on a GPU, against one and against torch.nn one after another."""

import argparse
import platform
from pathlib import Path

import pandas as pd
import torch

from benchmarks.gpu_cases import CASES
from benchmarks.gpu_contenders import FULL, TINY
from benchmarks.timing import Case, Contender, by_contender, check_agreement, time_case
from harmodels.files import write_text
from harmodels.runtime.determinism import make_deterministic

# After a few items, how far two contenders may be apart, as a share of how far they have come:
# rounding, and a step of Adam's where a gradient is next to nothing.
AGREEMENT_ITEMS, AGREEMENT = 3, 0.05
HEADER = (
    "| case | contender | ms an item | times one network's | networks a second against torch.nn "
    "(least to greatest) | MiB of the first item |\n| --- | --- | ---: | ---: | ---: | ---: |\n"
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--case", action="append", choices=CASES, help="this one only (repeatable)")
    parser.add_argument("--rounds", type=int, default=9, help="rounds after the warm-up (9)")
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="work of a contender in a round (0.5)"
    )
    parser.add_argument(
        "--device", choices=("cuda", "cpu"), default="cuda", help="cpu: to try this program out"
    )
    parser.add_argument("--tiny", action="store_true", help="small cases, two short rounds")
    parser.add_argument(
        "--output", type=Path, default=Path("results/benchmarks"), help="folder of the results"
    )
    arguments = parser.parse_args()
    if arguments.tiny:
        arguments.rounds, arguments.seconds = 2, 0.005
    if arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("--rounds must be 1 or more and --seconds above 0")
    return arguments


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


def summarise(case: Case, times: pd.DataFrame, memory: dict[str, float | None]) -> pd.DataFrame:
    """Return a row a contender; ratios are taken within a round, medians are over the rounds."""
    wide = by_contender(times)
    torchs = case.contenders[0].name
    one = next(c.name for c in case.contenders if c.name.startswith("harmodels"))
    rows = []
    for contender in case.contenders:
        faster = contender.networks * wide[torchs] / wide[contender.name]
        rows.append(
            {
                "case": case.name,
                "title": case.title,
                "contender": contender.name,
                "networks": contender.networks,
                "milliseconds": 1e3 * wide[contender.name].median(),
                "times_one": (wide[contender.name] / wide[one]).median(),
                "faster": faster.median(),
                "faster_min": faster.min(),
                "faster_max": faster.max(),
                "mib": memory[contender.name],
            }
        )
    return pd.DataFrame(rows)


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
    arguments = _arguments()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit(
            "nothing measured: torch.cuda.is_available() is false. This needs an NVIDIA GPU and a "
            "torch built for CUDA; --device cpu --tiny only tries the program out"
        )
    make_deterministic()
    device, scale = torch.device(arguments.device), TINY if arguments.tiny else FULL
    summaries = []
    for name in arguments.case or CASES:
        case = CASES[name](device, scale)
        memory = {c.name: first_item_mib(c, device) for c in case.contenders}
        share = check_agreement(case, AGREEMENT_ITEMS, AGREEMENT)
        print(f"{case.title}: within {share:.1g} of the way; timing …", flush=True)
        times = time_case(case, rounds=arguments.rounds, seconds=arguments.seconds)
        table = times.to_csv(index=False, lineterminator="\n")
        write_text(arguments.output / f"{device.type}-{name}.csv", table)
        summaries.append(summarise(case, times, memory))
    summary = pd.concat(summaries, ignore_index=True)
    sentence = circumstances(device, arguments.rounds)
    write_text(arguments.output / f"{device.type}.md", f"{markdown(summary)}\n{sentence}")
    write_text(
        arguments.output / f"{device.type}.csv", summary.to_csv(index=False, lineterminator="\n")
    )
    print(f"\n{markdown(summary)}\n{sentence}")


if __name__ == "__main__":
    main()
