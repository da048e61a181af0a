"""Which vectors exist already, so that no text is encoded twice."""
