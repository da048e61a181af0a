"""The training of labelers: examples from a corpus, heads over spaces, what they came to."""
