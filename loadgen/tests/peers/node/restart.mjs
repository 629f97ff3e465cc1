// An echo server that is restarted. At SIGTERM it takes no more connections and closes each with 1012 (service restart).
// usage: restart.mjs [PORT]
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2] ?? 9001) });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});

function end() {
  server.close(() => process.exit(0));
  for (const socket of server.clients) socket.close(1012, "service restart");
}
process.on("SIGTERM", end);
// Ends with whoever started it.
process.stdin.resume().on("end", end);
