"""Finding: the port that services see, what people type, how words are taken apart, and the engines."""
