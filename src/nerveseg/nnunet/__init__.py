"""nnU-Net as an external baseline: its raw format, and its probabilities as maps."""
