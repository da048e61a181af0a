"""Prefect's grip on the work, and the step that joins the rooms.

Knows data/, embedding/ and pooling/. Specs go in and counts come out: no text, no vector.
"""
