"""Recognition of errors for want of memory, and their remedy."""

import errno

MORE_MEMORY = (
    "Give the job more (on a cluster the key mem_mb under resources), run fewer jobs at a time "
    "(--cores), or train fewer replicates or with a smaller batch_size. What is finished is kept; "
    "the same command resumes from here."
)


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error says that memory is short.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError("no label"))
    (True, False)
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    # torch has no type for it on a CPU, and another text on each system
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
