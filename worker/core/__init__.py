"""Decisions. Pure: no I/O, no clock, no log; standard library, phonenumbers and holidays only."""
