"""report.html: the report of a build as one page that opens offline."""
