"""The parts of the extractive reader: messages are parsed, sentences weighed and chained, and one call comes out."""
