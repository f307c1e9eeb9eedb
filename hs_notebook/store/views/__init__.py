"""The usage table as it is asked for: which rows, in groups, as a page for people, as pictures."""
