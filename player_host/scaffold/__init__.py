"""The scaffold: writes the package of a new plug-in, with tests and a store to develop against.

`names` derives what everything is called, `writing` renders the template beside it with copier.
"""
