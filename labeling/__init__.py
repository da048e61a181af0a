"""Texts or vectors in, labels out: heads, training, thresholds, ensembles, evaluation.

Knows arrays, encoders and poolings. Knows no corpus, no store and no Prefect.
"""
