"""A server that answers every message with the same text, and logs what happens to it, a JSON object a line.

usage: reply.py [twice|never|merged]: what is done to every tenth message of a connection; merged with the next
"""

import asyncio
import json
import sys

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedError

REPLY = json.dumps({"a": 1, "b": 2}, separators=(",", ":"))
FAULT = sys.argv[1] if len(sys.argv) > 1 else None


def answers(n):
    """The texts that answer message n of a connection, counted from 1."""
    if n % 10 == 0 and FAULT:
        return [REPLY, REPLY] if FAULT == "twice" else []
    if n % 10 == 1 and n > 1 and FAULT == "merged":
        return [REPLY + REPLY]
    return [REPLY]


async def reply(socket):
    remote = "{}:{}".format(*socket.remote_address)

    def log(event, **more):
        print(json.dumps({"event": event, "remote": remote, **more}), flush=True)

    headers = {name.lower(): value for name, value in socket.request.headers.raw_items()}
    log("connection", headers=headers)
    n = 0
    try:
        async for message in socket:
            log("message", type="text" if isinstance(message, str) else "binary", bytes=len(encoded(message)))
            n += 1
            for answer in answers(n):
                await socket.send(answer)
    except ConnectionClosedError as error:
        log("error", error=str(error))
    await socket.wait_closed()
    log("close", code=socket.close_code)


def encoded(message):
    return message.encode() if isinstance(message, str) else message


async def main():
    async with serve(reply, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        # Ends with whoever started it.
        await asyncio.to_thread(sys.stdin.read)
        server.close(close_connections=False)
        await server.wait_closed()


asyncio.run(main())
