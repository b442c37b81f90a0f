"""From weights to masks: prediction, test-time augmentation, post-processing."""
