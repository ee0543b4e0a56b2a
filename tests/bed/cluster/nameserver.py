"""The node's name server: it knows no name. Without one, a lookup ends in a time-out instead of `no such host`.

    nameserver.py ADDRESS
"""

import socket
import sys

NXDOMAIN = 3


def answer(query):
    """The query's id and question, and that there is nothing by that name."""
    flags = 0x8180 | NXDOMAIN  # a response, from a server that does look further
    end = 12
    while query[end] != 0:
        end += query[end] + 1
    question = query[12 : end + 5]
    return query[:2] + flags.to_bytes(2, "big") + b"\0\1\0\0\0\0\0\0" + question


def main(address):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        while True:
            query, client = server.recvfrom(4096)
            try:
                server.sendto(answer(query), client)
            except (IndexError, OSError):
                pass  # not a query, or its sender is gone


if __name__ == "__main__":
    main(sys.argv[1])
