"""The readable training loops on tensors, and CUDA graphs of their steps."""
