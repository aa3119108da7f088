"""What reference/wire.md and reference/wire.schema.json are made of; see generate_wire.py."""
