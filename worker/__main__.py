"""`python -m worker` is `collector`."""

from worker.cli import main

main()
