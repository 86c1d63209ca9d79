// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, headless, without anything that talks to the outside.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { removeFolder } from '../support/node/stack.mjs';

const executablePath = process.env.BELFRY_CHROMIUM ?? '/usr/bin/chromium';

// The process of the browser with this profile, which leads the group of all of its processes.
function leaderOf(profile) {
  const isIt = (pid) => {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return args.includes(`--user-data-dir=${profile}`) && !args.some((arg) => arg.startsWith('--type='));
    } catch {
      return false; // it has ended
    }
  };
  return Number(readdirSync('/proc').find((name) => /^\d+$/.test(name) && isIt(name)));
}

// A browser with an empty profile; close() also removes the profile. `more`: options of Playwright.
export async function openBrowser({ args = [], ...more } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'belfry-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync', ...args,
    ],
    ...more,
  });
  return {
    context,
    // 'SIGSTOP' and 'SIGCONT' to all of its processes.
    signal: (name) => process.kill(-leaderOf(profile), name),
    async close() {
      await context.close();
      await removeFolder(profile);
    },
  };
}

// An empty page of the edge's own origin, with the user's cookie: what an application behind the
// same host looks like to the edge.
export async function blankPage(context, origin, token) {
  await context.addCookies([{ name: 'belfry_token', value: token, url: origin, httpOnly: true }]);
  const page = await context.newPage();
  await page.route(`${origin}/blank`, (route) => route.fulfill({
    contentType: 'text/html', body: '<!doctype html><title>blank</title>',
  }));
  await page.goto(`${origin}/blank`);
  return page;
}

// Opens a native EventSource in the page and keeps what it gets in window.seen.
export function listen(page, path = '/v1/stream') {
  return page.evaluate((url) => {
    window.seen = { connected: [], notifications: [], resets: [], byes: [], errors: 0 };
    window.source = new EventSource(url);
    const data = (event) => ({ ...JSON.parse(event.data), cursor: event.lastEventId });
    window.source.addEventListener('connected', (event) => window.seen.connected.push(data(event)));
    window.source.addEventListener('notification', (event) => window.seen.notifications.push(data(event)));
    window.source.addEventListener('reset', (event) => window.seen.resets.push(data(event)));
    window.source.addEventListener('bye', (event) => window.seen.byes.push(data(event)));
    window.source.addEventListener('error', () => { window.seen.errors += 1; });
  }, path);
}

export const seen = (page) => page.evaluate(() => window.seen);
