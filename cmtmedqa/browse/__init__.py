"""A local page to search and read what a build kept and rejected; loopback only, nothing is changed."""
