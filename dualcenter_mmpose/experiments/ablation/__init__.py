"""Parts of `dualcenter ablate`.

`plan` says which trainings are needed for configs and seeds, `runs` does one of them, `summary` makes the table.
"""
