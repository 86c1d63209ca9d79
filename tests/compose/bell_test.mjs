// SPDX-License-Identifier: Apache-2.0
// The bell in a real browser, through the proxy's port, fed by REST on the host: it loads, rings, and
// counts on while every edge is restarted.
//
// compose_test.sh runs it beside the containers. Its environment: PROXY and INGEST (http://...), PRODUCER_KEY,
// TOKEN (bella's), and RESTART, a command that restarts the edge whose number it is given, of EDGES.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { openBrowser } from '../browser/chromium.mjs';
import { sleep, until } from '../support/node/stack.mjs';

const { PROXY, INGEST, PRODUCER_KEY, TOKEN, RESTART, EDGES } = process.env;
const WAIT_MS = 60_000;

let browser;
let page;

// As docs/widget.md has it, on a page behind the same host as the edges: the cookie says who it is.
before(async () => {
  browser = await openBrowser();
  browser.context.setDefaultTimeout(WAIT_MS);
  await browser.context.addCookies([{ name: 'belfry_token', value: TOKEN, url: PROXY, httpOnly: true }]);
  page = await browser.context.newPage();
  await page.route(`${PROXY}/page`, (route) => route.fulfill({
    contentType: 'text/html',
    body: `<!doctype html><title>Acme</title><script src="/widget.js"></script>
      <script>window.bell = Belfry.init({ projectId: 'demo', userId: 'bella' })</script>`,
  }));
  await page.goto(`${PROXY}/page`);
});

after(async () => browser?.close());

// Its name has the whole number; the badge ends at 99.
const unread = async () => Number(/(\d+) unread/.exec(await page.locator('.bell').getAttribute('aria-label'))?.[1] ?? 0);
async function unreadIs(count) {
  await until(`${count} are unread`, async () => await unread() === count, WAIT_MS).catch(async (error) => {
    const state = await page.locator('belfry-bell').getAttribute('data-state');
    throw new Error(`${error.message}; the bell has ${await unread()} and is ${state}`);
  });
}
const live = () => page.waitForSelector('belfry-bell[data-state=live]', { state: 'attached' });

async function publish(title) {
  const answer = await fetch(`${INGEST}/v1/notify`, {
    method: 'POST',
    headers: { authorization: `Bearer ${PRODUCER_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ userId: 'bella', title }),
  });
  assert.equal(answer.status, 201, await answer.text());
}

test('a notification from the host rings the bell', async () => {
  await live();
  await publish('Lunch?');
  await page.locator('.toast').getByText('Lunch?').waitFor();
  await unreadIs(1);
});

test('it misses nothing while every edge is restarted', async () => {
  let expected = await unread();
  for (let edge = 1; edge <= Number(EDGES); edge++) {
    let done = false;
    const restarted = promisify(execFile)(RESTART, [String(edge)]).finally(() => { done = true; });
    do {
      await publish(`while edge ${edge} restarts`);
      expected++;
      await sleep(200);
    } while (!done);
    await restarted;
    await unreadIs(expected);
  }
  await live();
});
