"""A chat as the documentation of its library shows it: what one member of a room says, all of it hear.

usage: chat.py [SECONDS]: the usual mistake: it sends to each member in turn and waits that long before each
"""

import asyncio
import sys
from collections import defaultdict

from websockets.asyncio.server import broadcast, serve

PAUSE = float(sys.argv[1]) if len(sys.argv) > 1 else None
rooms = defaultdict(set)


async def chat(socket):
    room = rooms[socket.request.path]
    room.add(socket)
    try:
        async for message in socket:
            if PAUSE is None:
                broadcast(room, message)
            else:
                for member in list(room):
                    await asyncio.sleep(PAUSE)
                    await member.send(message)
    finally:
        room.remove(socket)


async def main():
    async with serve(chat, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        # Ends with whoever started it.
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
