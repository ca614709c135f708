"""The same answers offline."""
