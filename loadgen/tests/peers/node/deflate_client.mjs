// Sends messages of many sizes to an echo server, compressed, and says what was agreed and what came back.
// usage: deflate_client.mjs URL [OPTIONS]: of permessage-deflate, a JSON object
import WebSocket from "ws";
import { randomBytes } from "node:crypto";

const perMessageDeflate = { threshold: 0, ...JSON.parse(process.argv[3] ?? "{}") };
const messages = [0, 1, 125, 126, 1000, 65_535, 65_536, 300_000].flatMap((size) => [
  "Grüße ".repeat(size).slice(0, size),
  Buffer.alloc(size, "abc"),
  randomBytes(size),
]);
const socket = new WebSocket(process.argv[2], { perMessageDeflate });
let agreed = null;
let same = 0;
let received = 0;
socket.on("upgrade", (response) => { agreed = response.headers["sec-websocket-extensions"] ?? null; });
socket.on("open", () => {
  for (const message of messages) socket.send(message);
  // One whole message in several frames.
  for (const fin of [false, false, true]) socket.send("part and ", { fin });
  messages.push("part and ".repeat(3));
});
socket.on("message", (data, isBinary) => {
  const expected = messages[received];
  if (isBinary === (typeof expected !== "string") && data.equals(Buffer.from(expected))) same += 1;
  received += 1;
  if (received === messages.length) socket.close(1000);
});
socket.on("close", (code) => console.log(JSON.stringify({ agreed, sent: messages.length, received, same, code })));
