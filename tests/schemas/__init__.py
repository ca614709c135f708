"""What crosses a process boundary keeps its shape."""
