"""What stays in the notebook: the copy of an answer that needs none of our code, and can do no harm."""
