// An echo server that is wrong four times in forty messages of a connection: the 10th comes back twice, the 20th does
// not, the 30th comes back in one message with the 31st, and the 40th as binary.
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket) => {
  let n = 0;
  let held = Buffer.alloc(0);
  socket.on("message", (data, isBinary) => {
    n += 1;
    const echo = () => socket.send(Buffer.concat([held, data]), { binary: isBinary || n % 40 === 0 });
    if (n % 40 === 20) return;
    if (n % 40 === 30) {
      held = data;
      return;
    }
    echo();
    held = Buffer.alloc(0);
    if (n % 40 === 10) echo();
  });
});
// Ends with whoever started it.
process.stdin.resume().on("end", () => server.close());
