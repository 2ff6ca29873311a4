"""Parts of `tools/train_stages.py`.

`chain` finds the configs of the stages, `record` remembers what is done, `run` trains, `small` makes small twins.
"""
