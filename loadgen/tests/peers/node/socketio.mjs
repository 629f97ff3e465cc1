// A Socket.IO server as its documentation shows it: `echo` is acknowledged with what was sent, and `say` goes to all of the
// room that `join` named, the sender too. The namespace /admin acknowledges `echo` with its own name before it.
// usage: socketio.mjs [PING]: milliseconds between heartbeats, 25000 by default
import { createServer } from "node:http";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { pingInterval: Number(process.argv[2] ?? 25_000) });
io.on("connection", (socket) => {
  socket.on("echo", (text, acknowledge) => acknowledge(text));
  socket.on("join", (room, acknowledge) => {
    socket.join(room);
    acknowledge("joined");
  });
  socket.on("say", (text) => io.to([...socket.rooms].filter((room) => room !== socket.id)).emit("said", text));
});
io.of("/admin").on("connection", (socket) => {
  socket.on("echo", (text, acknowledge) => acknowledge("admin", text));
});
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
// Ends with whoever started it.
process.stdin.resume().on("end", () => io.close());
