"""A terminal that somebody sits at. Its first line is the terminal's name; then comes all that is written on it."""

import os
import pty
import sys

screen, seat = pty.openpty()
print(os.ttyname(seat), flush=True)
while shown := os.read(screen, 4096):
    sys.stdout.buffer.write(shown)
    sys.stdout.buffer.flush()
