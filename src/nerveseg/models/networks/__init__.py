"""The networks, one file for each; `nerveseg.models.registry` lists them."""
