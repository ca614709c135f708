"""What all tests share: how hypothesis runs."""

from hypothesis import settings

# No deadline: on a shared machine of two cores a slow example says nothing. pytest's own timeout bounds a test.
settings.register_profile("journeys", deadline=None, print_blob=True)
settings.load_profile("journeys")
