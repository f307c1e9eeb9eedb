"""The last room, and the only one that knows IPython: magics, options, views."""
