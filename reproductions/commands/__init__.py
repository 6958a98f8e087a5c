"""The commands of ``python -m reproductions``, a file each."""
