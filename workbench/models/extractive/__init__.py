"""The parts of the extractive reader: parsing the request, weighing and chaining sentences, choosing one call."""
