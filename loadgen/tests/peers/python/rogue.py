"""An echo server that is wrong four times in forty messages of a connection: the 10th comes back twice, the 20th does
not, the 30th comes back in one message with the 31st, and the 40th as binary."""

import asyncio
import sys

from websockets.asyncio.server import serve


async def echo(socket):
    n = 0
    held = ""
    async for message in socket:
        n += 1
        whole = held + message
        held = ""
        match n % 40:
            case 10:
                await socket.send(whole)
                await socket.send(whole)
            case 20:
                pass
            case 30:
                held = message
            case 0:
                await socket.send(whole.encode())
            case _:
                await socket.send(whole)


async def main():
    async with serve(echo, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        # Ends with whoever started it.
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
