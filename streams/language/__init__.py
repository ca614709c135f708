"""A file -> a journey -> a plan, or every problem at once."""

from streams.language.compile import compile_journey
from streams.language.load import load_journey, read_journey
from streams.language.problems import Problem, ProblemsFound

__all__ = ["Problem", "ProblemsFound", "compile_journey", "load_journey", "read_journey"]
