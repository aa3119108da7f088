"""Modules that are not to be imported: each fails in a way of its own."""
