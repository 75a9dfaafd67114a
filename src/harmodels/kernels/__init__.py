"""The loops of `training`, compiled by numba: same signatures, same numbers.

Layout, reasons and bounds: docs/kernels.md. Every `train_epoch` trains each replicate once through
its samples or sequences. Common to all, and to the readable loops of `training`:

    params           R networks; here float32 on the CPU, as all tensors but indices and counts
                     (int64) and masks (uint8)
    adam_state       moments shaped as `params` and the updates so far (R,); () without Adam
    inputs           (N, …), or sequences end to end: `frames` (F, D), and `starts` and `lengths`
                     (N,), so that i is `frames[starts[i] : starts[i] + lengths[i]]`
    labels           (N,), shared by the replicates as the inputs are
    order            (R, n): row r holds what replicate r sees, in that order
    masks            (R, n, H), for each position of the epoch which units dropout keeps, or None;
                     kept ones are multiplied by `scale`
    batch_size       of an update; the last batch may be smaller, and gradients are averaged over
                     it unless `reduction` says otherwise
    weights          (N,), by which each sample's loss is multiplied before the mean over its batch,
                     float32 for the compiled loops; None: 1 each
    rates            (updates,) float64, the step size of each update (`optim.rates`); truncated
                     BPTT and the compiled perceptron have one `learning_rate`
    clip_norm        bound on the norm of a replicate's averaged gradient, None for no bound
    weight_decay     of `optim.decay`
    threads          replicates computed at the same time, each by one thread from beginning to
                     end: the same bytes for any number, and for a replicate on its own

It returns the parameters after the last update (the given ones are left as they were), the state
of the optimiser if there is one, and the losses by name, (R,) float64: means over the epoch,
weighted by `weights`, each taken before its update, not finite if a replicate diverged. The
compiled ones raise TrainingError if a tensor has another type, device or shape, an index is out of
range, or an option is unknown. Their `scores` return the logits (R, n, C) and raise the same.
"""
