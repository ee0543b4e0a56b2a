"""Makes loopback ports of this machine answer at the same address inside the node's network namespace, so that an
image has one name on both sides.

    forward.py PID PORT…    PID is a process of the node
"""

import asyncio
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000


def enter(namespace):
    """A socket belongs to the network namespace in which it was made; the process itself comes back."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def listeners(pid, ports):
    with open("/proc/self/ns/net", "rb") as here, open(f"/proc/{pid}/ns/net", "rb") as node:
        enter(node)
        sockets = [socket.create_server(("127.0.0.1", port)) for port in ports]
        enter(here)
    return sockets


async def copy(reader, writer):
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


async def forward(port, reader, writer):
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.transport.abort()
        return
    await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
    far_writer.close()
    writer.close()


async def main(pid, ports):
    for port, listener in zip(ports, listeners(pid, ports)):
        await asyncio.start_server(lambda r, w, port=port: forward(port, r, w), sock=listener)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
