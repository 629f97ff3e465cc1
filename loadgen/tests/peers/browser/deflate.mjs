// Sends messages of many sizes from a page in headless Chromium, which always offers to compress, and prints what was
// agreed and what came back.
//
//     node deflate.mjs '["127.0.0.1:9001"]'

import { doJobs } from './chromium.mjs';

async function run(browser, place) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`http://${place}/`);
  const result = await page.evaluate((url) => new Promise((resolve) => {
    const messages = [0, 1, 125, 126, 1000, 65_535, 65_536, 300_000].flatMap((size) => [
      'Grüße '.repeat(size).slice(0, size),
      new Uint8Array(size).fill(7),
      new Uint8Array(size).map(() => Math.random() * 256),
    ]);
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    let received = 0;
    let same = 0;
    const equal = (a, b) => typeof a === 'string'
      ? a === b
      : a.length === b.byteLength && new Uint8Array(b).every((byte, at) => byte === a[at]);
    socket.onopen = () => messages.forEach((message) => socket.send(message));
    socket.onmessage = ({ data }) => {
      if (equal(messages[received], data)) same += 1;
      received += 1;
      if (received === messages.length) socket.close(1000);
    };
    const { length: sent } = messages;
    socket.onclose = ({ code }) => resolve({ agreed: socket.extensions, sent, received, same, code });
  }), `ws://${place}/`);
  await context.close();
  return result;
}

await doJobs(run);
