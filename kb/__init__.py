"""Learning Cities Knowledge Base: partner cities exchange what they know."""

__version__ = "0.1.0"
