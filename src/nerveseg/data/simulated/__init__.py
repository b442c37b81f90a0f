"""A simulated competition: ultrasound sweeps over random necks, in the layout of Kaggle's archive."""
