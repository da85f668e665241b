"""What an assistant may do: one file a tool. `find_developers.py` is the one to read first."""
