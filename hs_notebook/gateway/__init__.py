"""An embedded HolySheep gateway on 127.0.0.1: python -m hs_notebook.gateway."""
