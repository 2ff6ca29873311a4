"""Parts of `tools/benchmark.py`: one module per suite, `timing` and `peak` measure, `models` makes the contestants."""
