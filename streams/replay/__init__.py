"""Offline: the same processor as live, between other ends."""
