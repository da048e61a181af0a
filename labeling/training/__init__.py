"""Training: heads, ensembles, learned poolings and encoders, and what makes labelers of them."""
