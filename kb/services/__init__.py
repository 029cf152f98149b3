"""Use cases: verb(session, actor, …). They never commit and never render."""
