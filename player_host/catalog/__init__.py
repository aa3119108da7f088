"""The catalogues of stores: reading, checking, installing, and containers made of their items."""
