"""What a run of the kit found, for people and for programs.

Each module turns a `Run` into text: `text` for a terminal, `document` for programs, `junit` for
build servers, `page` for whoever reads it in a browser; `comparison` puts two runs side by side.
Nothing here opens a file or prints; the command line writes what is returned.

Everything that comes from a plug-in, and everything in a document that somebody hands over, is
foreign: it is bounded and made harmless before it stands in a report.
"""
