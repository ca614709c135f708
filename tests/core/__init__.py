"""Tests of streams.core."""
