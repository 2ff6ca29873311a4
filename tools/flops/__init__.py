"""Parts of `tools/complexity.py`: `counting` runs the model on shapes alone, `report` says what it found."""
