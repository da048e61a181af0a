"""What a store holds: parts with their commit records, seals, models, runs and reports."""
