"""Compiler flags, less work for the compiler, and a cache that a kernel's source invalidates."""

import hashlib
import multiprocessing
import sys
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from numba import njit
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering

# Sums may be reordered and products fused. NaN and infinity keep their meaning: a replicate that
# diverges is recognised by its losses.
FASTMATH = {"contract", "reassoc", "nsz", "arcp"}
_INLINED: dict[str, Any] = {"nogil": True, "fastmath": FASTMATH, "error_model": "numpy"}


class _Part(JITCodeLibrary):
    """A function in LLVM's language, which is optimised as a part of what calls it, not alone."""

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)  # type: ignore[no-untyped-call]
class _LowerPart(NativeLowering):
    """Lower a function and make no machine code of it."""

    _name = "lower_part"

    def run_pass(self, state: Any) -> bool:
        make_part: Any = _Part
        state.library = make_part(state.targetctx.codegen(), state.func_id.func_qualname)
        flags = state.flags
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        super().run_pass(state)  # type: ignore[no-untyped-call]
        nothing: list[Any] = []
        lowered, unique = state.cr, nothing.append  # not called: numba knows the function by it
        state.targetctx.insert_user_function(unique, lowered.fndesc, [state.library])
        state.cr = lowered._replace(cfunc=unique)
        return True


class _PartCompiler(Compiler):
    def define_pipelines(self) -> list[Any]:
        (pipeline,) = super().define_pipelines()  # type: ignore[no-untyped-call]
        pipeline.passes = [
            (_LowerPart if kind is NativeLowering else kind, name) for kind, name in pipeline.passes
        ]
        return [pipeline]


class _Inlined(CPUDispatcher):
    """A function that the compiled ones that call it take in; Python may call it as well."""

    @cached_property
    def _alone(self) -> Any:
        return njit(**_INLINED)(self.py_func)

    def __call__(self, *args: Any) -> Any:
        return self._alone(*args)


def inlined(function: Callable[..., Any]) -> Any:
    """Compile `function` into what calls it.

    numba alone would also optimise each function by itself, together with all that it calls, and
    make machine code of it that nobody runs: two thirds of the time of a first call.
    """
    return _Inlined(
        function,
        targetoptions={**_INLINED, "nopython": True, "boundscheck": None},
        pipeline_class=_PartCompiler,
    )


def source_stamp(folder: Path) -> int:
    """Return a number that changes when any Python file under `folder` changes."""
    sources = sorted(folder.rglob("*.py"))
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).digest()
    return int.from_bytes(digest[:7], "little")


SOURCE_STAMP = source_stamp(Path(__file__).parent)


@cache
def announce() -> None:
    """Say on stderr, once a process, what takes long; workers do not, as each would say it."""
    if multiprocessing.parent_process() is None:
        print(
            "harmodels: compiling the training loop, once on this machine, for about ten seconds "
            "(`harmodels compile` does it ahead)",
            file=sys.stderr,
            flush=True,
        )


class _EntryPointCompiler(Compiler):
    def define_pipelines(self) -> list[Any]:
        announce()
        pipelines: list[Any] = super().define_pipelines()  # type: ignore[no-untyped-call]
        return pipelines


def entry_point(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile `function` on its first call, which says so, and keep the result on disk.

    numba looks only at the file of the function that it caches, not at the files of the
    functions compiled into it, and reads what it finds under the function's name. So the name
    ends with the stamp. Where no folder for the cache can be written (read-only source and home),
    every process compiles again.
    """
    function.__qualname__ += f"_{SOURCE_STAMP:x}"
    how: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "pipeline_class": _EntryPointCompiler,
    }
    try:
        return njit(cache=True, **how)(function)
    except RuntimeError:  # numba: "cannot cache function: no locator available"
        return njit(**how)(function)
