"""Proseware Music, a well-behaved Type 1 store: its plug-in and, beside it, its server.

The plug-in needs `partner`, `orders`, `store_client`, `failures` and `journal`; the rest of the
package is the store's server, which the plug-in knows only by its URL.
"""

from sample_partners.proseware.partner import Proseware

__all__ = ["Proseware"]
