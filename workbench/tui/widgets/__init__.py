"""What the chat is made of: exchanges, notes and the row of what was evicted."""
