"""Analysis of text: search terms, stems, phrases, names, quotes and typos."""
