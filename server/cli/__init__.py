"""The command line: `main.py` knows the words, one file for each group of commands does the work."""
