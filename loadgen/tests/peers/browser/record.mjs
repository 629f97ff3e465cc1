// Opens pages in headless Chromium that use the Socket.IO server, and records what passes as HAR files.
//
//     node record.mjs '[{"server": "http://127.0.0.1:9001", "har": "/some/page.har"}]'

import { PATIENCE_MS, doJobs } from './chromium.mjs';

// What the page does. Runs in the page, where the server's own client is loaded.
async function use(server) {
  const socket = io(server, { transports: ['websocket'], query: { token: 'canary-of-a-token' } });
  await new Promise((resolve) => socket.on('connect', resolve));
  await socket.emitWithAck('join', 'lobby');
  // Long enough for some heartbeats.
  for (let n = 1; n <= 10; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    await socket.emitWithAck('echo', `hello ${n}`);
  }
  socket.close();
}

async function run(browser, job) {
  const context = await browser.newContext({ recordHar: { path: job.har, content: 'embed' } });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const client = `${job.server}/socket.io/socket.io.js`;
  await page.goto(client);
  await page.addScriptTag({ url: client });
  await page.evaluate(use, job.server);
  // The file is written then.
  await context.close();
}

await doJobs(run);
