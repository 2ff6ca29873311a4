"""One module per sub-command of ``dualcenter``: options, a call, what to print."""
