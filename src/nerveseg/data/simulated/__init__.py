"""A simulated competition: ultrasound sweeps over random necks, in Kaggle's layout."""
