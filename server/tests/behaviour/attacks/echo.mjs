// An echo server on `ws` that survives the errors of its peers.
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, maxPayload: 16 * 1024 * 1024 });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket) => {
  socket.on("error", () => socket.terminate());
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
});
process.on("uncaughtException", () => {});
// Ends with whoever started it.
process.stdin.resume().on("end", () => process.exit());
