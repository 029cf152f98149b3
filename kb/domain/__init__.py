"""What the library is about: plain Python and pydantic, no web, no database."""
