"""What needs a real broker."""
