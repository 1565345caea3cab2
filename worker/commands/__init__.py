"""The command line, by subject; `worker.cli` joins and runs them."""
