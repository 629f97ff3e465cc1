// A Socket.IO server with one room, `news`. Who connects with `role=member` is in it. What anybody says, all members get.
// usage: server.mjs [--recovery] [PORT]: with --recovery, a member that comes back gets what it missed; 9001 by default
import { createServer } from "node:http";
import { Server } from "socket.io";

const words = process.argv.slice(2);
const recovery = words.includes("--recovery");
const port = Number(words.find((word) => !word.startsWith("--")) ?? 9001);

const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  // Off by default. It keeps what was sent to rooms, and who was in which, for two minutes.
  ...(recovery && { connectionStateRecovery: { maxDisconnectionDuration: 120_000 } }),
});
io.on("connection", (socket) => {
  // Who was recovered is in its rooms already.
  if (!socket.recovered && socket.handshake.query.role === "member") socket.join("news");
  socket.on("say", (text) => io.to("news").emit("said", text));
});
http.listen(port, "127.0.0.1", () => console.log(http.address().port));
// Ends with whoever started it.
process.stdin.resume().on("end", () => io.close());
