"""The usage table as a file, by suffix, and back."""
