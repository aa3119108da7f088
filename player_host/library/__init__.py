"""The library: what downloads brought, where it lies, and how it is shown.

tags        what a media file says about itself
filing      the path for it below the Music folder
publishing  file, row and the caller's step together, and recovery after a death
nodes       the tree of the library and the active store
queries     lists and searches
verify      rows against files
rating      the scale of user ratings
"""
