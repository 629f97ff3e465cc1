// A JSON-RPC 2.0 server over WebSocket: `echo` answers after as many milliseconds as it is told, so that answers overtake
// each other. Each connection gets a notification with a number, twenty times a second.
import { JSONRPCServer } from "json-rpc-2.0";
import { WebSocketServer } from "ws";

const rpc = new JSONRPCServer();
rpc.addMethod("echo", async ({ text, after = 0 }) => {
  if (after > 0) await new Promise((resolve) => setTimeout(resolve, after));
  return text;
});
const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket) => {
  socket.on("message", async (data) => {
    const answer = await rpc.receiveJSON(data.toString());
    if (answer) socket.send(JSON.stringify(answer));
  });
  let number = 0;
  const ticks = setInterval(() => {
    socket.send(JSON.stringify({ jsonrpc: "2.0", method: "tick", params: { number: (number += 1) } }));
  }, 50);
  socket.on("close", () => clearInterval(ticks));
});
// Ends with whoever started it.
process.stdin.resume().on("end", () => server.close());
