"""`make bench`: how long pages, searches and imports take. It measures and asserts nothing."""
