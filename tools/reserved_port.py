"""A port for a server that another process starts. Used by the end-to-end tests, the benchmarks and the README's check."""

import socket


class ReservedPort:
    """A port that is kept as long as this lives, also while nobody listens on it: a bound socket that never listens keeps the
    system from giving the port to anybody who asks for a free one, and lets a listener with SO_REUSEADDR in."""

    def __init__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.number: int = self.socket.getsockname()[1]
