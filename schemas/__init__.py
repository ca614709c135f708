"""Nouns: the frozen models of what crosses a process boundary, and nothing else."""
