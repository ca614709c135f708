"""What the commands say and return."""
