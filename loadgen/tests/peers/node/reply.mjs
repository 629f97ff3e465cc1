// A server that answers every message with the same text, and logs what happens to it, a JSON object a line.
// usage: reply.mjs [twice|never|merged]: what is done to every tenth message of a connection; merged with the next
import { WebSocketServer } from "ws";

const REPLY = JSON.stringify({ a: 1, b: 2 });
const fault = process.argv[2];

/** The texts that answer message n of a connection, counted from 1. */
function answers(n) {
  if (n % 10 === 0 && fault) return fault === "twice" ? [REPLY, REPLY] : [];
  if (n % 10 === 1 && n > 1 && fault === "merged") return [REPLY + REPLY];
  return [REPLY];
}

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket, request) => {
  const remote = `${request.socket.remoteAddress}:${request.socket.remotePort}`;
  const log = (event, more) => console.log(JSON.stringify({ event, remote, ...more }));
  log("connection", { headers: request.headers });
  let n = 0;
  socket.on("message", (data, isBinary) => {
    log("message", { type: isBinary ? "binary" : "text", bytes: data.length });
    n += 1;
    for (const answer of answers(n)) socket.send(answer);
  });
  socket.on("close", (code) => log("close", { code }));
  socket.on("error", (error) => log("error", { error: String(error) }));
});
// Ends with whoever started it.
process.stdin.resume().on("end", () => server.close());
