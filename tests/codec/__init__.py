"""What is written can be read, and what cannot be read is rejected with its reason."""
