"""What a fitted network becomes: a folder, a module of torch.nn, an ONNX file."""
