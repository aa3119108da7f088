"""Needs a library that nobody has."""

import importlib

importlib.import_module("no_such_library_at_all")
