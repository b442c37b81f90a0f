"""The ten networks: a registry of names, one file a network, and the blocks that they share."""
