"""Sends four texts and ten zero bytes at once, and prints every event, a JSON object a line.

usage: client.py URL
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect


def log(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


async def receive(socket, five):
    received = 0
    async for message in socket:
        if isinstance(message, str):
            log("message", type="text", data=message)
        else:
            log("message", type="binary", data=message.hex())
        received += 1
        if received == 5:
            five.set()


async def main(url):
    async with connect(url) as socket:
        log("open")
        for n in [1, 2, 3, 4]:
            await socket.send(f"HelloWorld{n}")
        await socket.send(bytes(10))
        five = asyncio.Event()
        receiver = asyncio.create_task(receive(socket, five))
        await five.wait()
        # What the server sent too much is on its way before the pong.
        await (await socket.ping())
        log("pong")
        await socket.close(1000)
        await receiver
    log("close", code=socket.close_code)


asyncio.run(main(sys.argv[1]))
