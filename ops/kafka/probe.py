"""What a look at a port of the loopback tells: whether a broker answers there, and whether it is free.

Does not know: data folders, processes.
"""

import contextlib
import socket
import ssl
import struct


def answers(address: str, context: ssl.SSLContext | None = None) -> bool:
    """Whether the broker serves requests: its answer to a Metadata request (version 1, no topics) lists a broker.

    An open port is not enough: a broker that has not been unfenced by its controller yet is in no list, and creating a
    topic would fail. Kafka protocol: a request is size, api key 3, version, correlation id, client id, topics.
    context: for TLS.
    """
    if not address:
        return False
    request = struct.pack(">hhih6si", 3, 1, 0, 6, b"broker", 0)
    response = struct.Struct(">iii")  # size, correlation id, number of brokers
    host, _, port = address.rpartition(":")
    try:
        with contextlib.ExitStack() as opened:
            connection = opened.enter_context(socket.create_connection((host, int(port)), timeout=2))
            if context is not None:
                connection = opened.enter_context(context.wrap_socket(connection, server_hostname=host))
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.makefile("rb").read(response.size)
    except OSError:
        return False
    return len(answer) == response.size and response.unpack(answer)[2] > 0


def is_free(port: int) -> bool:
    """Whether a server could listen there, by the rules that Java's servers follow (SO_REUSEADDR)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
