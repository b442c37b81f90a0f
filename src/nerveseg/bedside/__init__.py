"""Trained networks on any image: decisions, overlays, folders of files, live video."""
