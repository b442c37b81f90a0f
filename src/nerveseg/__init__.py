"""Segmentation of nerves in ultrasound images: the library behind the stages of dvc.yaml."""
