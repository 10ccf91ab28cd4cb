"""Writers of the shapes that other programs read."""
