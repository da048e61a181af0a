"""The bake-off of compare-poolings: what it found, in one sentence, in charts and on a page."""
