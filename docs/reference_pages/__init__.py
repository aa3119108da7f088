"""How docs/generate_reference.py makes its pages.

`source` reads docstrings and signatures, `names` says what there is and on which page, `text`
writes Markdown, `methods` and `tables` are the pages.
"""
