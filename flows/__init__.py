"""Which work, in which order. Knows Prefect and the command line; computes nothing itself."""
