"""Verbs: what becomes of events, in rooms whose imports go downwards only."""
