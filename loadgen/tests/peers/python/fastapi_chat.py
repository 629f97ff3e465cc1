"""A chat as FastAPI's documentation shows it: a manager of connections that sends to each in turn.

usage: fastapi_chat.py
"""

import asyncio
import socket
import sys
from collections import defaultdict

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


class ConnectionManager:
    def __init__(self):
        self.rooms = defaultdict(list)

    async def connect(self, room, websocket):
        await websocket.accept()
        self.rooms[room].append(websocket)

    def disconnect(self, room, websocket):
        self.rooms[room].remove(websocket)

    async def broadcast(self, room, message):
        for connection in list(self.rooms[room]):
            await connection.send_text(message)


manager = ConnectionManager()


@app.websocket("/ws/{room}")
async def chat(websocket: WebSocket, room: str):
    await manager.connect(room, websocket)
    try:
        while True:
            message = await websocket.receive_text()
            await manager.broadcast(room, f"{room} says: {message}")
    except WebSocketDisconnect:
        manager.disconnect(room, websocket)


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws_ping_interval=None))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    # Ends with whoever started it.
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


asyncio.run(main())
