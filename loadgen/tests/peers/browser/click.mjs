// Opens the server's page in headless Chromium, presses buttons, and prints what the page shows then.
//
//     node click.mjs '[{"url": "http://127.0.0.1:9001/", "press": ["send-burst"], "fields": {"count": "10"}}]'
//
// Jobs run side by side, each in a page of its own. All buttons of a job are pressed within one task of the page. With
// `"screenshot": "/some/path"`, pictures of the result are left at that path: narrow and wide, light and dark.

import { PATIENCE_MS, doJobs } from './chromium.mjs';

const IDS = ['verdict', 'sent', 'received', 'matched', 'lost', 'undetermined', 'duplicated', 'out-of-order', 'damaged',
  'wrong-type', 'closing', 'rtt-min', 'rtt-p50', 'rtt-p99', 'rtt-max', 'resolution', 'mode'];

async function run(browser, job) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints = [];
  let sockets = 0;
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('websocket', () => { sockets += 1; });
  await page.goto(job.url);
  for (const [id, value] of Object.entries(job.fields ?? {})) {
    const field = page.locator(`#${id}`);
    await (id === 'kind' ? field.selectOption(value) : field.fill(value));
  }
  await page.evaluate((ids) => ids.forEach((id) => document.getElementById(id).click()), job.press);
  await page.locator('#verdict[data-state=done]').waitFor();
  const shown = await page.evaluate((ids) => ({
    ...Object.fromEntries(ids.map((id) => [id, document.getElementById(id).textContent])),
    judged: document.getElementById('verdict').dataset.verdict,
    findings: Array.from(document.querySelectorAll('#findings li'), (item) => item.textContent),
    events: Array.from(document.querySelectorAll('#event-rows tr'),
      (row) => Array.from(row.cells, (cell) => cell.textContent)),
    dots: document.querySelector('#plot .came').getAttribute('d').split('M').length - 1,
    injected: document.querySelectorAll('#verdict *, #findings li *, #closing *').length,
    strokes: document.querySelector('#plot .missing').getAttribute('d').split('M').length - 1,
    busy: document.getElementById('send-burst').disabled || document.getElementById('send-five').disabled,
  }), IDS);
  const wider = {};
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    wider[width] = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (job.screenshot) {
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${job.screenshot}-${width}-${colorScheme}.png`, fullPage: true });
      }
    }
  }
  await context.close();
  return { ...shown, complaints, sockets, wider };
}

await doJobs(run);
