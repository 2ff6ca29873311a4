"""Parts of `python -m benchmarks`, which measures what this project claims about speed and memory.

One module per suite: `targets`, `loader`, `step`, `memory`, `adapt_conv`, `predict`, `decode`, `metric`, and
`roofline_rates`, the best that the machine can do. `roofline` turns these rates into bounds of a computation, `models`
makes models and batches, `metric_data` boxes, `per_unit` divides timings, and `large_image` is run by `memory` in a
process of its own.
"""
