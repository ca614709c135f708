"""Tests: each is a sentence about behaviour. The folders mirror the rooms; kafka needs a real broker."""
