"""What the commands do, a module a topic: a session and the arguments come in, lines go out; the last JSON line is the result."""
