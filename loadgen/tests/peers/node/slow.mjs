// An echo server that looks at how much a client has not read: `node slow.mjs POLICY BYTES`. Beyond
// BYTES, `terminate` ends the connection, `close` says why in a Close frame, and `skip` leaves
// echoes out.
import { WebSocketServer } from "ws";

const [policy, bytes] = process.argv.slice(2);
const most = Number(bytes);
const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => {
    if (socket.bufferedAmount <= most) socket.send(data, { binary: isBinary });
    else if (policy === "terminate") socket.terminate();
    else if (policy === "close") socket.close(1008, "too slow");
  });
});
// Ends with whoever started it.
process.stdin.resume().on("end", () => server.close());
