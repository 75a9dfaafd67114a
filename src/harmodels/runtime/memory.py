"""Errors for want of memory, and what to do about them."""

import errno

MORE_MEMORY = (
    "Give the job more (on a cluster the key mem_mb under resources), run fewer jobs at a time "
    "(--cores), or train fewer replicates or with a smaller batch_size. What is finished is kept; "
    "the same command goes on from here."
)


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error says that memory is short; torch has no type for it on a CPU."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
