"""Sends messages of many sizes to an echo server, compressed, and says what was agreed and what came back.

usage: deflate_client.py URL [OPTIONS]: of permessage-deflate, a JSON object
"""

import asyncio
import json
import os
import sys

from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

SIZES = [0, 1, 125, 126, 1000, 65_535, 65_536, 300_000]


async def main(url, options):
    messages = []
    for size in SIZES:
        messages += [("Grüße " * size)[:size], (b"abc" * size)[:size], os.urandom(size)]
    factory = ClientPerMessageDeflateFactory(**options)
    async with connect(url, compression=None, extensions=[factory]) as socket:
        for message in messages:
            await socket.send(message)
        # One whole message in several frames.
        await socket.send(["part and "] * 3)
        messages.append("part and " * 3)
        received = [await socket.recv() for _ in messages]
        agreed = socket.response.headers.get("Sec-WebSocket-Extensions")
    same = sum(came == sent for came, sent in zip(received, messages))
    result = {"agreed": agreed, "sent": len(messages), "received": len(received), "same": same}
    print(json.dumps({**result, "code": socket.close_code}))


asyncio.run(main(sys.argv[1], json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}))
