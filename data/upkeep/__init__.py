"""Looking after a store: verify, repair, collect garbage, purge."""
