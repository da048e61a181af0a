"""The training of labelers: examples from a corpus, heads over its spaces, and what they came to."""
