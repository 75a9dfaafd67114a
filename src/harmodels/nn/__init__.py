"""Layers with hand-derived gradients: pure functions over tensors, no autograd.

A layer is a pair of functions and a NamedTuple of what its backward pass needs::

    forward(params, inputs, ...)        -> outputs, cache
    backward(params, cache, d_outputs)  -> d_inputs, d_params

Glossary of axes, the same in every module, shape comment and derivation:

====  =======================================================
R     replicates: networks that differ in seed, trained as one
B     sequences (or samples) of a batch
T     time steps
D     input features or channels
H     hidden units
C     classes
====  =======================================================

`d_x` is the gradient of the loss with respect to `x`, everywhere. Every parameter has a leading
axis R and otherwise torch.nn's name, layout and gate order.
"""
