"""What the programs of train/ share and tests need. The only package that imports torch; nothing but train/ and tests imports it."""
