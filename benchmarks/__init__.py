"""Parts of `python -m benchmarks`: one module per suite, `models` makes the methods."""
