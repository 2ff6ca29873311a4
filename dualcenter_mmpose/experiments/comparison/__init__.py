"""Parts of `dualcenter compare`.

`entries` says what is compared, `records` what is known already, `runs` starts one process per entry, `worker` is that
process: `testing` makes the predictions of a model, `speed` what they cost, `scoring` the numbers of a results file.
`paper` gives the paper's numbers, `tables` and `pictures` what people read.
"""
