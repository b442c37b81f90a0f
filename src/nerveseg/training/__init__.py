"""Training one run, on any number of devices."""
