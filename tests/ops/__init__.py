"""The files of operators: what others are to read or run is what it says, checked with the tools that will read it."""
