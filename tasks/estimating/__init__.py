"""The dry run of estimate-corpus: a sample is read, embedded and measured; nothing is stored."""
