"""Parts of `dualcenter train-stages`.

`chain` finds the configs of the stages, `record` remembers what is done, `run` trains, `small` makes small twins.
"""
