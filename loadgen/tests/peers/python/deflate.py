"""An echo server that compresses messages, and logs each connection when it has ended, a JSON object a line.

usage: deflate.py [OPTIONS]: of permessage-deflate, a JSON object
"""

import asyncio
import json
import sys

from websockets.asyncio.server import serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

HEADER = "Sec-WebSocket-Extensions"


async def echo(socket):
    messages = size = 0
    async for message in socket:
        messages += 1
        size += len(message.encode() if isinstance(message, str) else message)
        await socket.send(message)
    offered, agreed = (side.headers.get(HEADER) for side in [socket.request, socket.response])
    code = socket.close_code
    print(json.dumps({"offered": offered, "agreed": agreed, "messages": messages, "bytes": size, "code": code}))


async def main():
    options = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    factory = ServerPerMessageDeflateFactory(**options)
    async with serve(echo, "127.0.0.1", 0, compression=None, extensions=[factory]) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        # Ends with whoever started it.
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
