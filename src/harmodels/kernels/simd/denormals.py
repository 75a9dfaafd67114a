"""Flushing of denormal numbers to zero in the calling thread, and the way back.

Gradients that vanish through time become denormal, and arithmetic on denormals is many times
slower. The setting lives in a register of the thread (x86-64: MXCSR; 64-bit ARM: FPCR), so a
kernel sets it on entry, in whichever thread it runs, and restores it before it returns::

    state = flush_denormals()
    ...
    restore_denormals(state)
"""

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from harmodels.kernels.simd.emitter import POINTER, declared

# MXCSR: bit 15 flushes results to zero, bit 6 reads denormal operands as zero. FPCR: bit 24.
_X86_BITS = (1 << 15) | (1 << 6)
_ARM_BITS = 1 << 24

_I32, _I64, _NONE = ir.IntType(32), ir.IntType(64), ir.VoidType()
_X86 = ir.FunctionType(_NONE, [POINTER])


def _architecture() -> str:
    machine = platform.machine().lower()
    if machine in {"x86_64", "amd64"}:
        return "x86"
    return "arm" if machine in {"aarch64", "arm64"} else "other"


def _read(builder: Any) -> Any:
    """Emit the read of the thread's floating-point control register, as 64 bits."""
    architecture = _architecture()
    if architecture == "x86":
        slot = builder.alloca(_I32)
        builder.call(declared(builder, "llvm.x86.sse.stmxcsr", _X86), [slot])
        return builder.zext(builder.load(slot, typ=_I32), _I64)
    if architecture == "arm":
        kind = ir.FunctionType(_I64, [])
        return builder.call(declared(builder, "llvm.aarch64.get.fpcr", kind), [])
    return ir.Constant(_I64, 0)


def _write(builder: Any, value: Any) -> None:
    """Emit the write of the thread's floating-point control register."""
    architecture = _architecture()
    if architecture == "x86":
        slot = builder.alloca(_I32)
        builder.store(builder.trunc(value, _I32), slot)
        builder.call(declared(builder, "llvm.x86.sse.ldmxcsr", _X86), [slot])
    elif architecture == "arm":
        kind = ir.FunctionType(_NONE, [_I64])
        builder.call(declared(builder, "llvm.aarch64.set.fpcr", kind), [value])


def _flush_denormals(typingctx: Any) -> Any:
    """Flush denormals in this thread from here on; return the previous setting (uint64)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        previous = _read(builder)
        bits = {"x86": _X86_BITS, "arm": _ARM_BITS, "other": 0}[_architecture()]
        _write(builder, builder.or_(previous, ir.Constant(_I64, bits)))
        return previous

    return types.uint64(), codegen


def _restore_denormals(typingctx: Any, previous: Any) -> Any:
    """Put back the setting that `flush_denormals` returned."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _write(builder, args[0])
        return context.get_dummy_value()

    return types.void(types.uint64), codegen


flush_denormals: Any = intrinsic(_flush_denormals)
restore_denormals: Any = intrinsic(_restore_denormals)
