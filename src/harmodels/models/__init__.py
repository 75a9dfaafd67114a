"""Networks put together from the layers of `nn`."""
