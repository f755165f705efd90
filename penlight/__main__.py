"""`python -m penlight run script.py`; see penlight/run.py."""

from penlight.run import main

main()
