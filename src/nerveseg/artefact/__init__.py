"""One file that holds a trained network and all that predicting with it takes."""
