"""Kinds of heads and ensembles, by name: from vectors, texts or probabilities to logits."""
