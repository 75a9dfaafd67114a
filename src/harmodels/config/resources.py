"""Resources that a training job asks for on the machine or cluster that runs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmodels.config.schema import read_schema
from harmodels.errors import ConfigurationError


@dataclass(frozen=True)
class Resources:
    """What one training job asks for; None leaves a choice to the cluster.

    Attributes
    ----------
    threads
        Over which the replicates are spread.
    mem_mb
        Memory of the first attempt in MB.
    runtime
        Time limit in minutes.
    gpus, gpu_model, gres
        Number and model of GPUs, or, where a site wants it, a generic resource in their place.
    partition, account, qos, constraint, extra
        As Slurm's sbatch understands them; `extra` is passed on unchanged.
    """

    threads: int
    mem_mb: int
    runtime: int
    gpus: int
    gpu_model: str | None
    gres: str | None
    partition: str | None
    account: str | None
    qos: str | None
    constraint: str | None
    extra: str | None


def parse_resources(given: Mapping[str, Any], schema: Path, device: str) -> Resources:
    """Fill in what the configuration leaves out.

    Parameters
    ----------
    given
        The configuration's key `resources`, checked against the schema.
    schema
        The configuration's schema, which holds the defaults.
    device
        As resolved: a training job on `cuda` asks for one GPU, one on `cpu` for none.

    Raises
    ------
    ConfigurationError
        If GPUs are asked for in two ways, or a model of GPU without a GPU.
    """
    properties = read_schema(schema)["properties"]["resources"]["properties"]
    values = {key: spec["default"] for key, spec in properties.items()} | dict(given)
    if values["gres"] is not None:
        twice = [key for key in ("gpus", "gpu_model") if values[key] is not None]
        if twice:
            raise ConfigurationError(
                f"resources: gres stands in place of gpus and gpu_model; take {twice[0]} away"
            )
        values["gpus"] = 0
    elif values["gpus"] is None:
        values["gpus"] = 1 if device == "cuda" else 0
    if values["gpu_model"] is not None and values["gpus"] == 0:
        raise ConfigurationError(
            f"resources.gpu_model: {values['gpu_model']!r} is asked for, but no GPU; "
            "set device: cuda or resources.gpus"
        )
    return Resources(**values)
