"""A simulated competition: ultrasound sweeps over made-up necks, in the layout Kaggle serves."""
