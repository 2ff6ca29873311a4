"""Parts of `dualcenter complexity`: `counting` runs the model on shapes alone, `report` says what it found."""
