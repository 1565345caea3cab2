"""For every test: what a failing run must not leave behind, and property tests that fail the same way twice."""

from hypothesis import settings

# No deadline: two cores shared with a PBX make single examples slow at times. Derandomised: a red run stays red.
settings.register_profile("collector", deadline=None, derandomize=True)
settings.load_profile("collector")
