// A headless Chromium that does the jobs of the command line: a JSON list in, a JSON list of what came of them out.

import { chromium } from 'playwright-core';

export const PATIENCE_MS = 120_000;

// Lets `run(browser, job)` do each job, side by side, and prints what they return.
export async function doJobs(run) {
  // A browser that hangs ends with this process.
  setTimeout(() => { console.error('not done in time'); process.exit(1); }, 2 * PATIENCE_MS).unref();
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    timeout: PATIENCE_MS,
    // A profile is made for the run and removed after it.
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    const jobs = JSON.parse(process.argv[2]);
    console.log(JSON.stringify(await Promise.all(jobs.map((job) => run(browser, job)))));
  } finally {
    await browser.close();
  }
}
