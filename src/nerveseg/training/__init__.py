"""Training one network, on any number of devices."""
