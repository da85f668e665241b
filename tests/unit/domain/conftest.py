"""Property tests here are the same on every run, and as slow as the machine makes them: none fails by chance."""

from hypothesis import settings

settings.register_profile("domain", deadline=None, derandomize=True)
settings.load_profile("domain")
