"""Parts of `tools/ablate.py`.

`plan` says which trainings are needed for configs and seeds, `runs` does one of them, `summary` makes the table.
"""
