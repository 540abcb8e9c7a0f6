"""Pretraining of the second nano-patch: synthetic series, transformations, batches, and the training loop."""
