"""A file -> a journey -> a plan, or every problem at once; and warnings for what is right and could be better."""

from streams.language.compile import compile_journey
from streams.language.lint import lint
from streams.language.load import Source, load_journey, load_source, read_journey, read_source
from streams.language.problems import Problem, ProblemsFound

__all__ = [
    "Problem",
    "ProblemsFound",
    "Source",
    "compile_journey",
    "lint",
    "load_journey",
    "load_source",
    "read_journey",
    "read_source",
]
