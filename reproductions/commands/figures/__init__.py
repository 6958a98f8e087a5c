"""The figures of the papers, a file for each paper that has some."""
