"""What `player-host fetch` is made of: the list, the folder, the work, and how it is shown."""
