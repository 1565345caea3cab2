"""The provider's own hook, which sends what somebody is to pay by: over HTTP, or as a program."""
