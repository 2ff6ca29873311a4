"""Parts of `tools/setup_env.py`: standard library only, because nothing is installed yet.

`plan` says what each step runs, `stamps` remembers what is done, `interpreter` finds Python and the
compiler, `console` runs a command and shows how it gets on, `problems` turns a failure into advice.
"""
