// SPDX-License-Identifier: Apache-2.0
// The demo page as a new user uses it: three people, each with a real bell; publish to one or all,
// cut a stream, revoke tokens; and everything comes back by itself when the edge does.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';

import { Stack, until } from '../support/node/stack.mjs';
import { openBrowser } from './chromium.mjs';

let stack;
let browser;
let page;
const problems = [];
const said = []; // as errors on the console

before(async () => {
  stack = await Stack.start({
    edges: 1, scopes: ['notify', 'broadcast', 'inbox'], keys: { desk: ['audience'] },
    edgeArgs: ['--demo', '--demo-api-key-file', '{apiKeyFile}', '--ingest-http', '{ingestHttp}'],
  });
  browser = await openBrowser();
  browser.context.setDefaultTimeout(30_000);
  page = await browser.context.newPage();
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => { if (message.type() === 'error') said.push(message.text()); });
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
  assert.deepEqual(said, []);
});

test('its script is pinned by hash and integrity', async () => {
  const { src, integrity } = await page.evaluate(() => {
    const script = document.querySelector('script[src]');
    return { src: script.src, integrity: script.integrity };
  });
  assert.match(src, /\/widget\.[0-9a-f]{8}\.js$/);
  const bytes = Buffer.from(await (await fetch(src)).arrayBuffer());
  assert.equal(integrity, `sha384-${createHash('sha384').update(bytes).digest('base64')}`);
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

test('reaches a segment and a list of users, but not who is left out', async () => {
  const desk = (method, path, body) => fetch(`http://${stack.ingest.http}/v1/segments/${path}`, {
    method, body: body && JSON.stringify(body), headers: { authorization: `Bearer ${stack.keys.desk}`, 'content-type': 'application/json' },
  }).then(({ ok, status }) => assert.ok(ok, String(status)));
  await desk('PUT', 'beta');
  await desk('POST', 'beta/add', { userIds: ['alice', 'bob', 'carol'] });
  await page.fill('#exclude', 'bob');
  await publish('For the beta', { to: 'a segment' });
  await unreadIs('alice', 3);
  await unreadIs('carol', 2);
  assert.match(await answer(), /^accepted as operation \d+, for \d$/);
  await page.fill('#exclude', '');
  await page.fill('#others', 'bob, carol');
  await publish('For two', { to: 'these users' });
  await unreadIs('carol', 3);
  await unreadIs('bob', 27);
  assert.equal(await counter('alice', 'unread'), '3');
});

test('publishes with every field that a producer may set, and once by one key', async () => {
  const fields = {
    kind: 'build.done', actorId: 'ci', actionUrl: '/builds/7', imageUrl: '/nothing.png',
    collapseKey: 'build', subjectType: 'build', subjectId: '7', seconds: '3600', meta: '{"actions":[{"label":"Again"}]}',
  };
  for (const [id, value] of Object.entries(fields)) await page.fill(`#${id}`, value);
  await page.selectOption('#level', 'success');
  await publish('All of it', { body: 'In full' });
  await unreadIs('alice', 4);
  const { notifications: [n] } = await page.evaluate(() => fetch('/demo/token', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"userId":"alice"}',
  }).then(() => fetch('/v1/notifications?limit=1')).then((list) => list.json()));
  const { seconds, meta, ...same } = fields;
  for (const [name, value] of Object.entries({ ...same, level: 'success', title: 'All of it', body: 'In full', userId: 'alice' })) {
    assert.equal(n[name], value, name);
  }
  assert.deepEqual(n.meta, JSON.parse(meta));
  assert.ok(Math.abs(Date.parse(n.expiresAt) - Date.now() - seconds * 1000) < 60_000);

  for (const id of ['collapseKey', 'seconds', 'imageUrl']) await page.fill(`#${id}`, '');
  await page.fill('#key', 'build-8');
  await publish('By its key');
  await unreadIs('alice', 5);
  await publish('By its key');
  await until('it is known', async () => /^on disk as \d+, from before: the key is the same$/.test(await answer()));
  await page.fill('#key', '');
  assert.equal(await counter('alice', 'unread'), '5');
});

test('knobs dress the bells, and say what to paste', async () => {
  const bell = person('alice').locator('belfry-bell');
  await page.selectOption('#look [name=theme]', 'dark');
  await page.selectOption('#look [name=accent]', 'green');
  await page.selectOption('#look [name=locale]', 'de');
  await page.selectOption('#look [name=badge]', 'unseen');
  await page.fill('#look [name=radius]', '4');
  await bell.locator('.bell').click();
  await until('it speaks German', async () => await bell.locator('.heading').textContent() === 'Benachrichtigungen');
  const look = await bell.locator('.panel').evaluate((panel) => {
    const { backgroundColor, borderRadius } = getComputedStyle(panel);
    return [backgroundColor, borderRadius, getComputedStyle(panel.querySelector('.tab.selected')).borderBottomColor];
  });
  assert.deepEqual(look, ['rgb(25, 26, 31)', '4px', 'rgb(87, 217, 163)']);
  await page.keyboard.press('Escape');
  const paste = await page.textContent('#paste');
  for (const line of ['theme: "dark"', 'locale: "de"', 'badge: "unseen"', '--accent: light-dark(#0a7d55, #57d9a3);', '--radius: 4px;']) {
    assert.ok(paste.includes(line), line);
  }
  assert.ok(!paste.includes('placement') && !paste.includes('--size'));
  for (const [name, value] of [['theme', 'auto'], ['accent', 'indigo'], ['locale', 'en'], ['badge', 'unread']]) {
    await page.selectOption(`#look [name=${name}]`, value);
  }
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
