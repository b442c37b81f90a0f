"""The competition's frames: sources, packing, splitting, sampling."""
