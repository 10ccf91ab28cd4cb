"""The build: from files of any known shape to a published dataset."""
