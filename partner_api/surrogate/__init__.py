"""The plug-in's own process: loads one partner and speaks the wire with the Player.

`wire` is the language, `process` the child's life, `loading` what it does with a plug-in before
the first call, `serving` how calls reach it. Needs attrs, cattrs and the standard library alone,
so that a partner may have an environment of its own.
"""
