"""Recognition of errors for want of memory, and their remedy."""

import errno

MORE_MEMORY = (
    "Give the job more (on a cluster the key mem_mb under resources), run fewer jobs at a time "
    "(--cores), or train fewer replicates or with a smaller batch_size. What is finished is kept; "
    "the same command resumes from here."
)


# of a GPU whose memory others hold; what torch's own allocator lacks has a type
GPU_TEXTS = (
    "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_NOT_INITIALIZED",
)  # fmt: skip


def is_out_of_memory(error: Exception) -> bool:
    """Return whether an error says that memory is short.

    >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError("no label"))
    (True, False)
    >>> is_out_of_memory(RuntimeError("CUDA error: out of memory"))
    True
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    # torch has no type for it on a CPU, and another text on each system
    texts = "DefaultCPUAllocator", *GPU_TEXTS
    return isinstance(error, RuntimeError) and any(text in str(error) for text in texts)
