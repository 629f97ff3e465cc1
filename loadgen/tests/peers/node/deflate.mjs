// An echo server that compresses messages, and logs each connection when it has ended, a JSON object a line.
// usage: deflate.mjs [OPTIONS]: of permessage-deflate, a JSON object
import { WebSocketServer } from "ws";

const perMessageDeflate = { threshold: 0, ...JSON.parse(process.argv[2] ?? "{}") };
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate });
server.on("listening", () => console.log(server.address().port));
server.on("headers", (headers, request) => {
  const name = "Sec-WebSocket-Extensions: ";
  request.agreed = headers.find((header) => header.startsWith(name))?.slice(name.length) ?? null;
});
server.on("connection", (socket, request) => {
  const seen = { messages: 0, bytes: 0 };
  const log = (more) => {
    const { bytesRead: read, bytesWritten: written } = request.socket;
    const offered = request.headers["sec-websocket-extensions"] ?? null;
    console.log(JSON.stringify({ offered, agreed: request.agreed, ...seen, read, written, ...more }));
  };
  socket.on("message", (data, isBinary) => {
    seen.messages += 1;
    seen.bytes += data.length;
    socket.send(data, { binary: isBinary });
  });
  socket.on("error", (error) => log({ error: String(error) }));
  socket.on("close", (code) => log({ code }));
});
// Ends with whoever started it.
process.stdin.resume().on("end", () => server.close());
