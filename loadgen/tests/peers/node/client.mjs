// Sends four texts and ten zero bytes at once, and prints every event, a JSON object a line.
// usage: client.mjs URL
import WebSocket from "ws";

const log = (event, more) => console.log(JSON.stringify({ event, ...more }));
const socket = new WebSocket(process.argv[2]);
let received = 0;
socket.on("open", () => {
  log("open");
  for (const n of [1, 2, 3, 4]) socket.send(`HelloWorld${n}`);
  socket.send(Buffer.alloc(10));
});
socket.on("message", (data, isBinary) => {
  log("message", isBinary ? { type: "binary", data: data.toString("hex") } : { type: "text", data: data.toString() });
  received += 1;
  // What the server sent too much is on its way before the pong.
  if (received === 5) socket.ping();
});
socket.on("pong", () => {
  log("pong");
  socket.close(1000);
});
socket.on("close", (code) => log("close", { code }));
socket.on("error", (error) => log("error", { error: String(error) }));
