"""Labelers in a store, what their tests said, which are in force, and what people say of labels."""
