"""The version of the package, stated here alone: `setup.py` reads it, tests compare CITATION.cff and CHANGELOG.md."""

__version__ = '0.2.0'
