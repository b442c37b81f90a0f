"""From a finished run to a zip that another machine can predict with."""
