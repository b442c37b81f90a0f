"""One file a network; `nerveseg.models.registry` names them."""
