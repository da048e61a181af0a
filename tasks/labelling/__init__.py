"""The nightly labelling: which labelers are owed which chunks, and what a night showed."""
