// SPDX-License-Identifier: Apache-2.0
// The demo page as a new user uses it: choose a user, publish to them, see it; and it comes back by
// itself when the edge does.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Stack, until } from '../support/node/stack.mjs';
import { openBrowser } from './chromium.mjs';

let stack;
let browser;
let page;
const problems = [];

before(async () => {
  stack = await Stack.start({
    edges: 1,
    edgeArgs: ['--demo', '--demo-api-key-file', '{apiKeyFile}', '--ingest-http', '{ingestHttp}'],
  });
  browser = await openBrowser();
  page = await browser.context.newPage();
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  await page.goto(`http://${stack.edges[0].http}/`);
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

const text = (selector) => page.textContent(selector);
const shown = () => page.locator('#seen li').allTextContents();

async function connectAs(user) {
  await page.fill('#user', user);
  await page.click('#who button');
  await until(`connected as ${user}`, async () => (await text('#state')) === `connected as ${user}`);
}

async function publish(title, body) {
  await page.fill('#title', title);
  await page.fill('#body', body);
  await page.click('#publish button');
}

test('connects on its own when it is opened', async () => {
  await until('connected', async () => (await text('#state')).startsWith('connected as '));
});

test('shows what is published to the chosen user, as text', async () => {
  await connectAs('erin');
  const before = Number(await text('#unread'));
  await publish('<img src=x onerror=alert(1)>', 'Body & all');
  const [item] = await until('it is shown', async () => {
    const items = await shown();
    return items.length > 0 && items;
  });
  assert.match(item, /<img src=x onerror=alert\(1\)>/);
  assert.match(item, /Body & all/);
  assert.equal(await page.locator('#seen img').count(), 0);
  assert.equal(Number(await text('#unread')), before + 1);
  await until('the answer is shown', async () => /^on disk as \d+$/.test(await text('#answer')));
});

test('shows nothing of another user', async () => {
  await connectAs('frank');
  await stack.notify('erin', 'for erin');
  await stack.notify('frank', 'for frank');
  const items = await until('it is shown', async () => {
    const all = await shown();
    return all.length > 0 && all;
  });
  assert.equal(items.length, 1);
  assert.match(items[0], /for frank/);
});

test('says what is wrong when a notification is refused', async () => {
  await page.$eval('#title', (input) => input.removeAttribute('maxlength'));
  await publish('x'.repeat(300), '');
  await until('the refusal is shown', async () => (await text('#answer')).startsWith('not published: '));
});

test('misses nothing when the edge dies and comes back', async () => {
  problems.splice(0, problems.length, ...problems.filter((problem) => !/400|Bad Request/.test(problem)));
  assert.deepEqual(problems, []);
  await connectAs('grace');
  await stack.kill('edge-1');
  await until('it notices', async () => (await text('#state')) === 'connection lost, coming back');
  await stack.notify('grace', 'while you were out');
  await stack.revive('edge-1');
  const items = await until('it is shown', async () => {
    const all = await shown();
    return all.length > 0 && all;
  });
  assert.equal(items.length, 1);
  assert.match(items[0], /while you were out/);
});
