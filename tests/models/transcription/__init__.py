"""The ten networks written a second time, each as one plain function of a state dict.

They follow the papers, or the published code of their authors where the library does, and share no
code with the library: they read its weights by name, and compute every step as it was published,
without its shortcuts. `compare` holds a network of the library against its transcription.
"""
