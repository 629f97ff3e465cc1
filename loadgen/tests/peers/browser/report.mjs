// Opens report pages from files in headless Chromium, narrow and wide, light and dark, and prints what is wrong with them.
//
//     node report.mjs '[{"page": "/some/report.html"}]'
//
// With `"screenshot": "/some/path"`, pictures are left at that path: narrow and wide, light and dark.

import { pathToFileURL } from 'node:url';
import { PATIENCE_MS, doJobs } from './chromium.mjs';

// What can be seen, in the page's own words. Runs in the page.
function look() {
  const texts = [...document.querySelectorAll('svg.drawing text')].filter((text) => text.checkVisibility());
  const boxes = (group) => [...group.querySelectorAll('text')]
    .filter((text) => text.checkVisibility())
    .map((text) => ({ words: text.textContent, ...text.getBoundingClientRect().toJSON() }));
  const overlaps = [...document.querySelectorAll('svg.drawing .labels')].flatMap((group) => {
    const all = boxes(group);
    return all.flatMap((a, index) => all.slice(index + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => `${a.words} | ${b.words}`));
  });
  const outside = texts
    .filter((text) => {
      const box = text.getBoundingClientRect();
      return box.left < 0 || box.right > innerWidth;
    })
    .map((text) => text.textContent);
  // Text of a drawing is as large as its style says only if the drawing is not scaled.
  const heights = texts.map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a);
  return {
    wider: document.documentElement.scrollWidth - innerWidth,
    smallest: heights.length ? Math.min(...heights) : null,
    overlaps,
    outside,
    styled: getComputedStyle(document.body).marginTop === '0px',
    scripts: document.querySelectorAll('script, img, iframe, object, embed, link').length,
    plots: document.querySelectorAll('svg.drawing').length,
    // Wide or high: a level line has no height.
    drawn: [...document.querySelectorAll('svg.lines .line')]
      .filter((path) => Math.max(path.getBoundingClientRect().width, path.getBoundingClientRect().height) > 20).length,
    lines: document.querySelectorAll('svg.lines .line').length,
    alarms: document.querySelectorAll('g.alarm use').length,
    verdicts: [...document.querySelectorAll('.verdict .word')].map((word) => word.textContent),
    text: document.body.innerText,
  };
}

async function run(browser, job) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const url = pathToFileURL(job.page).href;
  const complaints = [];
  const requests = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => { complaints.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => { if (request.url() !== url) requests.push(request.url()); });
  const views = [];
  for (const width of [360, 1280]) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      await page.goto(url);
      views.push({ width, colorScheme, ...await page.evaluate(look) });
      if (job.screenshot) {
        await page.screenshot({ path: `${job.screenshot}-${width}-${colorScheme}.png`, fullPage: true });
      }
    }
  }
  await context.close();
  return { complaints, requests, views };
}

await doJobs(run);
