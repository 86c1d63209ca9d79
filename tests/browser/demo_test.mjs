// SPDX-License-Identifier: Apache-2.0
// The demo page as a new user uses it: three people, each with a real bell; publish to one or all,
// cut a stream, revoke tokens; and everything comes back by itself when the edge does.
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
    edges: 1, scopes: ['notify', 'broadcast', 'inbox'],
    edgeArgs: ['--demo', '--demo-api-key-file', '{apiKeyFile}', '--ingest-http', '{ingestHttp}'],
  });
  browser = await openBrowser();
  browser.context.setDefaultTimeout(15_000);
  page = await browser.context.newPage();
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(`http://${stack.edges[0].http}/`);
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

const counter = (user, name) => page.locator(`#of-${user} .${name}`).textContent();
const liveAgain = (user) => until(`${user} is live`, async () => await counter(user, 'state') === 'live');
const unreadIs = (user, n) => until(`${user} has ${n} unread`, async () => await counter(user, 'unread') === String(n));
const answer = () => page.textContent('#answer');
const person = (user) => page.locator(`section[aria-label=${user}]`);

async function publish(title, { to = 'alice', body = 'Body' } = {}) {
  await page.selectOption('#to', to);
  await page.fill('#title', title);
  await page.fill('#body', body);
  await page.click('#publish .main');
}

test('three bells connect on their own, each for its own person', async () => {
  for (const user of ['alice', 'bob', 'carol']) {
    await liveAgain(user);
    assert.equal(await counter(user, 'unread'), '0');
  }
  assert.equal(await page.locator('belfry-bell').count(), 3);
});

test('shows what is published to one, as text, and to nobody else', async () => {
  await publish('<img src=x onerror=alert(1)>', { body: 'Body & all' });
  await until('the answer is shown', async () => /^on disk as \d+$/.test(await answer()));
  await unreadIs('alice', 1);
  assert.equal(await counter('bob', 'unread'), '0');
  const bell = person('alice').locator('belfry-bell');
  await bell.locator('.bell').click();
  const row = bell.locator('.panel .item').first();
  assert.match(await row.textContent(), /<img src=x onerror=alert\(1\)>/);
  assert.match(await row.textContent(), /Body & all/);
  assert.equal(await row.locator('img').count(), 0);
  await page.keyboard.press('Escape');
});

test('reaches everybody, and a burst counts exactly', async () => {
  await publish('All hands', { to: 'everybody' });
  for (const [user, n] of [['alice', 2], ['bob', 1], ['carol', 1]]) {
    await unreadIs(user, n);
  }
  await page.selectOption('#to', 'bob');
  await page.click('#burst');
  await unreadIs('bob', 26);
});

test('shows the stream as it comes', async () => {
  await publish('To be read along');
  await until('it is in the stream', async () => /event: notification\ndata: .*To be read along/.test(await page.textContent('#raw')));
});

test('says what is wrong when a notification is refused', async () => {
  await page.$eval('#title', (input) => input.removeAttribute('maxlength'));
  await publish('x'.repeat(300));
  await until('the refusal is shown', async () => (await answer()).startsWith('not published: '));
});

test('a stream that is cut comes back and has missed nothing', async () => {
  const before = Number(await counter('carol', 'unread'));
  await person('carol').getByRole('button', { name: 'Cut the stream' }).click();
  await until('it notices', async () => await counter('carol', 'state') !== 'live');
  await stack.notify('carol', 'while you were out');
  await liveAgain('carol');
  await unreadIs('carol', before + 1);
});

test('tokens that are revoked end the stream with the reason, at every edge, until one signs in again', async () => {
  const old = await page.evaluate(() => fetch('/demo/token', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"userId":"bob"}',
  }).then((answer) => answer.json()).then(({ token }) => token));
  const status = async () => (await fetch(`http://${stack.edges[0].http}/v1/counts`, {
    headers: { authorization: `Bearer ${old}` },
  })).status;
  assert.equal(await status(), 200);
  await person('bob').getByRole('button', { name: 'Revoke the tokens' }).click();
  await until('it is refused', async () => /^refused: .*revoked/.test(await counter('bob', 'state')));
  assert.equal(await status(), 401);
  await person('bob').getByRole('button', { name: 'Sign in again' }).click();
  await liveAgain('bob');
  assert.equal(await counter('alice', 'state'), 'live');
});

test('misses nothing when the edge dies and comes back', async () => {
  const before = Number(await counter('alice', 'unread'));
  await stack.kill('edge-1');
  await until('it notices', async () => (await counter('alice', 'state')).startsWith('waiting'));
  await stack.notify('alice', 'while you were out');
  await stack.revive('edge-1');
  await liveAgain('alice');
  await unreadIs('alice', before + 1);
  assert.deepEqual(problems, []);
});
