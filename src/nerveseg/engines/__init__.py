"""A trained network as one graph, from a frame to probabilities, in ONNX Runtime or OpenVINO."""
