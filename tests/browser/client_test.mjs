// SPDX-License-Identifier: Apache-2.0
// The headless client in one tab: what happens to its edge, its token, its network and its changes.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import { sleep, Stack, until } from '../support/node/stack.mjs';
import { blankPage, openBrowser } from './chromium.mjs';
import { inState, listed, openClient, openList, seen, snapshot, unread } from './client_page.mjs';
import { startProxy } from './proxy.mjs';

let stack;
let browser;
let origin;
let elsewhere; // origins of applications: one that the edge allows, one that it does not know
let unknown;
const servers = [];
const proxies = [];

// An empty page at an origin of its own.
async function application() {
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>an application</title>');
  });
  servers.push(server);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://localhost:${server.address().port}`;
}

before(async () => {
  elsewhere = await application();
  unknown = await application();
  stack = await Stack.start({
    edges: 1, edgeArgs: ['--edge-cors-origins', elsewhere, '--edge-heartbeat', '5s'], keys: { desk: ['inbox'] },
  });
  browser = await openBrowser();
  origin = `http://${stack.edges[0].http}`;
});

after(async () => {
  await browser?.close();
  await stack?.stop();
  servers.forEach((server) => server.close());
  for (const proxy of proxies) await proxy.stop();
});

const of = (userId) => ({ projectId: 'demo', userId });

async function livePage(userId, options = {}) {
  const page = await blankPage(browser.context, origin, stack.token(userId));
  await openClient(page, { ...of(userId), ...options });
  await inState(page, 'live');
  return page;
}

test('shows what arrives, counts it and lists it', async () => {
  const first = await stack.notify('alice', 'before');
  const page = await livePage('alice');
  await openList(page);
  const second = await stack.notify('alice', 'after', { kind: 'comment.created' });
  await until('it is listed', async () => (await listed(page)).ids.length === 2);
  assert.deepEqual((await listed(page)).ids, [second, first]);
  assert.deepEqual((await seen(page)).notifications, [second]);
  const { counts } = await snapshot(page);
  assert.deepEqual([counts.unreadCount, counts.byKind], [2, { '': 1, 'comment.created': 1 }]);
  await page.close();
});

test('loads page after page while others arrive, and none is missing or there twice', async () => {
  const ids = [];
  for (let i = 0; i < 45; i++) ids.push(await stack.notify('pat', `number ${i}`));
  const page = await livePage('pat');
  await openList(page);
  ids.push(await stack.notify('pat', 'meanwhile'));
  for (let i = 0; i < 3; i++) await page.evaluate(() => window.list.loadMore());
  await until('all are there', async () => (await listed(page)).ids.length === 46);
  assert.deepEqual(await listed(page).then(({ ids: got, more }) => ({ got, more })), { got: [...ids].reverse(), more: false });
  await page.close();
});

test('misses nothing when its edge dies and returns', async () => {
  const page = await livePage('bob');
  const published = [];
  for (let round = 0; round < 2; round++) {
    published.push(await stack.notify('bob', 'live'));
    await until('it arrives', async () => (await seen(page)).notifications.length === published.length);
    await stack.kill('edge-1');
    published.push(await stack.notify('bob', 'missed'));
    await inState(page, 'waiting');
    assert.ok((await snapshot(page)).retryAt > 0);
    await stack.revive('edge-1');
    await inState(page, 'live', 60_000);
  }
  await unread(page, 4);
  assert.deepEqual((await seen(page)).notifications, published);
  await page.close();
});

test('is offline when the network is, and catches up when it is back', async () => {
  const page = await livePage('carol');
  await browser.context.setOffline(true);
  await inState(page, 'offline');
  const id = await stack.notify('carol', 'missed');
  await browser.context.setOffline(false);
  await inState(page, 'live');
  await unread(page, 1);
  assert.deepEqual((await seen(page)).notifications, [id]);
  await page.close();
});

test('a stream that goes silent without being closed is taken for dead', async () => {
  const between = await startProxy([stack.edges[0].http]);
  proxies.push(between);
  const page = await blankPage(browser.context, between.origin, stack.token('wendy'));
  await openClient(page, of('wendy'));
  await inState(page, 'live');
  between.silence();
  const id = await stack.notify('wendy', 'missed');
  const { problem } = await inState(page, 'waiting', 40_000);
  assert.equal(problem.code, 'SILENT');
  await inState(page, 'live');
  await unread(page, 1);
  assert.deepEqual((await seen(page)).notifications, [id]);
  await page.close();
});

test('waits while a proxy has no edge behind it', async () => {
  const page = await blankPage(browser.context, origin, stack.token('xena'));
  let asked = 0;
  await page.route('**/v1/stream?*', (route) => (++asked <= 3 ? route.fulfill({ status: 502, body: '<h1>Bad Gateway</h1>' }) : route.continue()));
  await openClient(page, of('xena'));
  assert.equal((await inState(page, 'waiting')).problem.code, 'HTTP_502');
  await inState(page, 'live', 40_000);
  assert.equal(asked, 4);
  await page.close();
});

test('renews a token before it ends, and nobody sees a gap', async () => {
  const page = await livePage('dave', { tokens: [() => stack.token('dave', { ttl: 5 }), stack.token('dave')] });
  const requests = [];
  page.on('request', (request) => requests.push(new URL(request.url()).pathname));
  await until('it has asked again', async () => (await seen(page)).asked.length === 2);
  const id = await stack.notify('dave', 'later');
  await unread(page, 1);
  assert.deepEqual(requests, ['/v1/stream']);
  const { states, notifications, asked } = await seen(page);
  assert.deepEqual(states, ['connecting', 'live']);
  assert.deepEqual(notifications, [id]);
  assert.deepEqual(asked, [false, true]);
  await page.close();
});

test('a token that ends while the network is away is renewed when it is back', async () => {
  const page = await livePage('petra', { tokens: [() => stack.token('petra', { ttl: 5 }), stack.token('petra')] });
  await browser.context.setOffline(true);
  await inState(page, 'offline');
  const id = await stack.notify('petra', 'missed');
  await sleep(11_000); // so long that the edge would not take the first one any more
  await browser.context.setOffline(false);
  await inState(page, 'live');
  await unread(page, 1);
  assert.deepEqual((await seen(page)).notifications, [id]);
  assert.deepEqual((await seen(page)).asked, [false, true]);
  await page.close();
});

test('a stream whose token ends while getToken fails goes on when it works again', async () => {
  const page = await livePage('erin', { tokens: [() => stack.token('erin', { ttl: 5 }), null, null, null, stack.token('erin')] });
  await inState(page, 'waiting', 30_000);
  const id = await stack.notify('erin', 'missed');
  await inState(page, 'live', 60_000);
  await unread(page, 1);
  assert.deepEqual((await seen(page)).notifications, [id]);
  await page.close();
});

test('asks again when getToken fails at first, and says so', async () => {
  const lines = [];
  const page = await blankPage(browser.context, origin, stack.token('nobody'));
  page.on('console', (message) => lines.push(message.text()));
  await openClient(page, { ...of('frank'), tokens: [null, null, stack.token('frank')] });
  assert.equal((await inState(page, 'waiting')).problem.code, 'TOKEN_FAILED');
  await inState(page, 'live');
  await until('it is on the console', () => lines.some((line) => line.includes('TOKEN_FAILED')));
  assert.equal(lines.filter((line) => line.includes('TOKEN_FAILED')).length, 1);
  await page.close();
});

test('a token that is refused is renewed once, then it is over', async () => {
  const page = await blankPage(browser.context, origin, stack.token('nobody'));
  const bad = `${stack.token('grace').slice(0, -4)}AAAA`;
  await openClient(page, { ...of('grace'), tokens: [bad] });
  assert.equal((await inState(page, 'refused')).problem.code, 'TOKEN_SIGNATURE');
  assert.deepEqual((await seen(page)).asked, [false, true]);
  await page.close();
});

test('a token that is revoked is renewed once, and then it is over for who gets no better one', async () => {
  const revoke = async (user) => {
    const headers = { authorization: `Bearer ${stack.keys.desk}` };
    const answer = await fetch(`http://${stack.ingest.http}/v1/users/${user}/revoke`, { method: 'POST', headers });
    assert.equal(answer.status, 200);
  };
  const old = stack.token('rupert');
  const later = () => stack.token('rupert', { iat: Math.floor(Date.now() / 1000) + 2 });
  const page = await livePage('rupert', { tokens: [old, later, old] });
  await revoke('rupert');
  await until('it has asked again', async () => (await seen(page)).asked.length === 2);
  await inState(page, 'live');
  const id = await stack.notify('rupert', 'later');
  await unread(page, 1);
  assert.deepEqual((await seen(page)).notifications, [id]);
  await sleep(3000); // until a revocation is later than that token
  await revoke('rupert');
  assert.equal((await inState(page, 'refused')).problem.code, 'TOKEN_REVOKED');
  assert.deepEqual((await seen(page)).asked, [false, true, true]);
  await page.close();
});

test('a change that is refused is taken back, and it alone', async () => {
  const [a, b] = [await stack.notify('heidi', 'a'), await stack.notify('heidi', 'b')];
  const page = await livePage('heidi');
  await openList(page);
  await page.route(`**/v1/notifications/${a}/read?*`, (route) => route.fulfill({
    status: 422, contentType: 'application/problem+json', body: '{"title":"No","status":422,"detail":"not this","reason":"NO"}',
  }));
  const during = await page.evaluate(([x, y]) => {
    window.changes = Promise.allSettled([window.client.read(x), window.client.read(y)]);
    return window.list.getSnapshot().items.filter(({ readAt }) => !readAt).length;
  }, [a, b]);
  assert.equal(during, 0, 'both are shown as read at once');
  const results = await page.evaluate(() => window.changes.then((all) => all.map(({ status }) => status)));
  assert.deepEqual(results, ['rejected', 'fulfilled']);
  assert.deepEqual((await listed(page)).unread, [a]);
  const { failed } = await seen(page);
  assert.deepEqual(failed.map(({ op, ids, problem }) => [op, ids, problem.code]), [['read', [a], 'NO']]);
  await unread(page, 1);
  await page.close();
});

test('a change that fails for a while is repeated with one key', async () => {
  const id = await stack.notify('ivan', 'x');
  const page = await livePage('ivan');
  await openList(page);
  const keys = [];
  await page.route(`**/v1/notifications/${id}/archive?*`, async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    if (keys.length < 3) await route.fulfill({ status: keys.length === 1 ? 500 : 503 });
    else await route.continue();
  });
  await page.evaluate((which) => window.client.archive(which), id);
  assert.equal(keys.length, 3);
  assert.equal(new Set(keys).size, 1);
  assert.deepEqual((await listed(page)).ids, []);
  assert.deepEqual((await seen(page)).failed, []);
  await unread(page, 0);
  await page.close();
});

test('a change that fails again and again is taken back, and it alone', async () => {
  const [a, b] = [await stack.notify('olga', 'a'), await stack.notify('olga', 'b')];
  const page = await livePage('olga');
  await openList(page);
  let asked = 0;
  await page.route(`**/v1/notifications/${a}/read?*`, (route) => route.fulfill({ status: ++asked && 500 }));
  const results = await page.evaluate(([x, y]) => Promise.allSettled([window.client.read(x), window.client.read(y)])
    .then((all) => all.map(({ status }) => status)), [a, b]);
  assert.deepEqual(results, ['rejected', 'fulfilled']);
  assert.equal(asked, 5);
  assert.deepEqual((await listed(page)).unread, [a]);
  assert.deepEqual((await seen(page)).failed.map(({ ids, problem }) => [ids, problem.code]), [[[a], 'HTTP_500']]);
  await unread(page, 1);
  await page.close();
});

test('a change that is made while the network is away stays, and is sent when it is back', async () => {
  const id = await stack.notify('nina', 'x');
  const page = await livePage('nina');
  await openList(page);
  await page.clock.install();
  await browser.context.setOffline(true);
  await inState(page, 'offline');
  let asked = 0;
  page.on('requestfailed', (request) => { asked += request.url().includes('/read?') ? 1 : 0; });
  await page.evaluate((which) => { window.client.read(which); }, id);
  for (let i = 0; i < 20; i++) await page.clock.runFor(10_000);
  assert.equal(asked, 1);
  assert.deepEqual((await listed(page)).unread, []);
  assert.deepEqual((await seen(page)).failed, []);
  await browser.context.setOffline(false);
  await inState(page, 'live');
  await unread(page, 0);
  await page.close();
});

test('a change whose answer is lost is settled by the stream', async () => {
  const id = await stack.notify('judy', 'x');
  const page = await livePage('judy');
  await openList(page);
  await page.route(`**/v1/notifications/${id}/read?*`, async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.evaluate((which) => { window.client.read(which); }, id);
  await unread(page, 0);
  await until('it is read', async () => (await listed(page)).unread.length === 0);
  await page.close();
});

test('read-all takes what was there and not what arrives meanwhile', async () => {
  const before = await stack.notify('kim', 'before');
  const page = await livePage('kim');
  await openList(page);
  let during;
  await page.route('**/v1/notifications/read-all?*', async (route) => {
    during = await stack.notify('kim', 'meanwhile');
    await route.continue();
  });
  await page.evaluate(() => window.client.readAll());
  await unread(page, 1);
  assert.deepEqual(await listed(page).then(({ ids, unread: left }) => ({ ids, left })), { ids: [during, before], left: [during] });
  await page.close();
});

test('archives and changes many at once, and takes back from the archive', async () => {
  const ids = [];
  for (const title of ['a', 'b', 'c', 'd']) ids.push(await stack.notify('sven', title));
  const [a, b, c, d] = ids;
  const page = await livePage('sven');
  await openList(page);
  const listIs = (expected, left) => until(`the list is ${expected}`, async () => {
    const { ids: got, unread: unreadOnes } = await listed(page);
    return String([got, unreadOnes]) === String([expected, left]);
  });
  await page.evaluate((which) => window.client.bulk('read', which), [a, b]);
  await listIs([d, c, b, a], [d, c]);
  await unread(page, 2);
  await page.evaluate(() => window.client.archiveAll({ onlyRead: true }));
  await listIs([d, c], [d, c]);
  await page.evaluate((id) => window.client.unarchive(id), b);
  await listIs([d, c, b], [d, c]);
  await page.evaluate(() => window.client.archiveAll());
  await listIs([], []);
  await unread(page, 0);
  assert.deepEqual((await seen(page)).failed, []);
  await page.close();
});

test('the user has looked: what is unseen counts from there, and what is unread does not change', async () => {
  await stack.notify('tilda', 'a');
  const page = await livePage('tilda');
  const unseen = (n) => until(`${n} are unseen`, async () => (await snapshot(page)).counts.unseenCount === n);
  await unseen(1);
  await page.evaluate(() => window.client.seen());
  await unseen(0);
  await stack.notify('tilda', 'b');
  await unseen(1);
  assert.equal((await snapshot(page)).counts.unreadCount, 2);
  await page.close();
});

test('lists by level, and what has expired leaves an open list and the counts', async () => {
  const page = await livePage('ulla');
  await page.evaluate(() => { window.errors = window.client.list({ level: 'error' }); });
  await openList(page);
  const short = await stack.notify('ulla', 'short', { level: 'error', expiresAt: new Date(Date.now() + 4000).toISOString() });
  const info = await stack.notify('ulla', 'info');
  const error = await stack.notify('ulla', 'error', { level: 'error' });
  const errors = () => page.evaluate(() => window.errors.getSnapshot().items.map(({ id }) => id));
  await until('all are there', async () => String((await listed(page)).ids) === String([error, info, short]));
  assert.deepEqual(await errors(), [error, short]);
  await until('it has left', async () => String((await listed(page)).ids) === String([error, info]));
  // Each list looks at the clock by itself, so one may be a second behind the other.
  await until('it has left the other list', async () => String(await errors()) === String([error]));
  await unread(page, 2);
  await page.close();
});

test('a reset loads the open list again', async () => {
  const id = await stack.notify('leo', 'x');
  const page = await livePage('leo');
  await openList(page);
  await page.route('**/v1/stream?*', (route) => {
    const url = new URL(route.request().url());
    if (url.searchParams.has('lastEventId')) url.searchParams.set('lastEventId', '18446744073709551000');
    route.continue({ url: url.href });
  });
  await page.evaluate(() => { window.client.stop(); window.client.start(); });
  await until('it is reset', async () => (await seen(page)).resets.length === 1);
  assert.deepEqual((await seen(page)).resets, ['cursor_ahead']);
  await until('the list is there', async () => (await listed(page)).ids.length === 1);
  const next = await stack.notify('leo', 'y');
  await until('both are', async () => (await listed(page)).ids.length === 2);
  assert.deepEqual((await listed(page)).ids, [next, id]);
  await page.close();
});

test('two projects on one page do not touch each other', async () => {
  const page = await livePage('mia');
  await openClient(page, { projectId: 'other', userId: 'mia', tokens: [stack.token('mia', { project: 'other' })], name: 'other' });
  await inState(page, 'live', 20_000, 'other');
  const id = await stack.notify('mia', 'for demo');
  await unread(page, 1);
  assert.deepEqual((await seen(page)).notifications, [id]);
  assert.deepEqual((await seen(page, 'other')).notifications, []);
  assert.equal((await snapshot(page, 'other')).counts.unreadCount, 0);
  await page.close();
});

// What somebody has to mend: a state, a name for it, and one line that says what to do.
async function refusedPage(options, { cookie = 'nobody', at = origin, html = '', script } = {}) {
  const lines = [];
  const page = await browser.context.newPage();
  await browser.context.clearCookies();
  if (cookie) await browser.context.addCookies([{ name: 'belfry_token', value: stack.token(cookie), url: origin }]);
  page.on('console', (message) => lines.push(message.text()));
  if (script) await page.addInitScript(script);
  if (at === origin) await page.route(`${at}/blank`, (route) => route.fulfill({ contentType: 'text/html', body: `<!doctype html>${html}<title>x</title>` }));
  await page.goto(`${at}/blank`);
  await openClient(page, { ...of('nina'), module: `${origin}/belfry.js`, ...options });
  return { page, lines, said: (code) => until(`${code} is on the console`, () => lines.some((line) => line.startsWith(`belfry: ${code}: `))) };
}

test('names what is wrong with the credentials', async () => {
  const token = stack.token('nina');
  for (const [code, options, how] of [
    ['MISSING_CREDENTIALS', {}, { cookie: '' }],
    ['NO_TOKEN', { tokens: [''] }],
    ['USER_MISMATCH', { tokens: [stack.token('oscar')] }],
    ['PROJECT_MISMATCH', { projectId: 'wrong', tokens: [token] }],
  ]) {
    const { page, said } = await refusedPage(options, how);
    assert.equal((await inState(page, 'refused')).problem.code, code);
    assert.deepEqual((await seen(page)).refused, [code]);
    await said(code);
    await page.close();
  }
});

test('lists and changes are refused as the stream is where the cookie is another user\'s', async () => {
  const theirs = await stack.notify('oscar', 'private');
  const { page } = await refusedPage({}, { cookie: 'oscar' });
  assert.equal((await inState(page, 'refused')).problem.code, 'USER_MISMATCH');
  await page.evaluate(() => { window.list = window.client.list(); });
  await until('the list is refused', async () => (await listed(page)).status === 'error');
  const { ids, problem } = await listed(page);
  assert.deepEqual([ids, problem.code], [[], 'USER_MISMATCH']);
  const codes = await page.evaluate((id) => Promise.allSettled([
    window.client.read(id), window.client.readAll(), window.client.bulk('delete', [id]), window.client.getPreferences(),
  ]).then((all) => all.map(({ reason }) => reason?.problem.code)), theirs);
  // There is nothing yet to which all could be read.
  assert.deepEqual(codes, ['USER_MISMATCH', undefined, 'USER_MISMATCH', 'USER_MISMATCH']);
  assert.equal((await snapshot(page)).counts.unreadCount, 0);
  await page.close();
});

test('names what is blocked by CORS, and works where it is allowed', async () => {
  const tokens = [stack.token('nina')];
  const blocked = await refusedPage({ url: origin, tokens }, { at: unknown });
  await until('it is named', async () => (await snapshot(blocked.page)).problem?.code === 'BLOCKED_BY_CORS');
  await blocked.said('BLOCKED_BY_CORS');
  await blocked.page.close();
  const allowed = await refusedPage({ url: origin, tokens }, { at: elsewhere });
  await inState(allowed.page, 'live');
  const id = await stack.notify('nina', 'over there');
  await openList(allowed.page);
  await allowed.page.evaluate((which) => window.client.read(which), id);
  await unread(allowed.page, 0);
  await allowed.page.close();
});

test('names what is blocked by the page\'s own policy', async () => {
  const html = `<meta http-equiv="Content-Security-Policy" content="connect-src 'none'">`;
  const { page, said } = await refusedPage({ url: origin, tokens: [stack.token('nina')] }, { html });
  assert.equal((await inState(page, 'refused')).problem.code, 'BLOCKED_BY_CSP');
  await said('BLOCKED_BY_CSP');
  await page.close();
});

test('names a server that is none of ours, and one of another version', async () => {
  const answer = (page, body) => page.route('**/v1/stream?*', (route) => route.fulfill(body));
  const { page, said } = await refusedPage({ tokens: [stack.token('nina')], url: `${origin}/none` });
  assert.equal((await inState(page, 'refused')).problem.code, 'NO_SUCH_PATH');
  await said('NO_SUCH_PATH');
  await answer(page, { contentType: 'text/html', body: '<p>please log in</p>' });
  await openClient(page, { ...of('nina'), tokens: [stack.token('nina')], name: 'second' });
  assert.equal((await inState(page, 'waiting', 20_000, 'second')).problem.code, 'NOT_BELFRY');
  await said('NOT_BELFRY');
  await page.evaluate(() => window.second.stop());
  await answer(page, { contentType: 'text/event-stream', body: 'event: connected\ndata: {"userId":"nina"}\n\n' });
  await openClient(page, { ...of('nina'), tokens: [stack.token('nina')], name: 'third' });
  assert.equal((await inState(page, 'refused', 20_000, 'third')).problem.code, 'OTHER_VERSION');
  await said('OTHER_VERSION');
  await page.close();
});

test('without Web Locks, or where they are denied, a tab has a stream of its own', async () => {
  for (const [code, script] of [
    ['NO_LOCKS', () => { delete Navigator.prototype.locks; }],
    ['STORAGE_DENIED', () => { LockManager.prototype.request = () => Promise.reject(new DOMException('no', 'SecurityError')); }],
  ]) {
    const { page, said } = await refusedPage({ tokens: [stack.token('nina')] }, { script });
    const { shared, leader } = await inState(page, 'live');
    assert.deepEqual([shared, leader], [false, true]);
    await said(code);
    await page.close();
  }
});

// The same without pretending.
test('a page that is not https has no Web Locks, and works', async (context) => {
  const device = await openBrowser({ args: ['--host-resolver-rules=MAP shop.test 127.0.0.1'] });
  context.after(() => device.close());
  const there = origin.replace('127.0.0.1', 'shop.test');
  const lines = [];
  await device.context.addCookies([{ name: 'belfry_token', value: stack.token('vera'), url: there }]);
  const page = await device.context.newPage();
  page.on('console', (message) => lines.push(message.text()));
  // Really from there: the browser lets no page of the internet ask this machine.
  await page.goto(`${there}/belfry.js`);
  assert.deepEqual(await page.evaluate(() => [isSecureContext, typeof navigator.locks]), [false, 'undefined']);
  await openClient(page, of('vera'));
  const { shared, leader } = await inState(page, 'live');
  assert.deepEqual([shared, leader], [false, true]);
  const id = await stack.notify('vera', 'x');
  await openList(page);
  await page.evaluate((which) => window.client.read(which), id);
  await unread(page, 0);
  assert.equal(lines.filter((line) => line.startsWith('belfry: NO_LOCKS: ')).length, 1);
});

test('a sandboxed frame, which may keep and lock nothing, is told so', async () => {
  const lines = [];
  const page = await browser.context.newPage();
  page.on('console', (message) => lines.push(message.text()));
  await page.goto(`${origin}/belfry.js`); // really from there
  await page.evaluate(([from, token]) => {
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-scripts';
    frame.srcdoc = `<script type="module">
      import { createClient } from '${from}/belfry.js';
      const client = createClient({ url: '${from}', projectId: 'demo', userId: 'nina', getToken: () => '${token}' });
      client.subscribe(() => {
        const { state, problem, shared } = client.getSnapshot();
        parent.postMessage([origin, state, problem?.code, shared], '*');
      });
      client.start();
    </script>`;
    addEventListener('message', ({ data }) => { window.said = data; });
    document.body.append(frame);
  }, [origin, stack.token('nina')]);
  // It has no origin that the edge could allow.
  await until('it is named', async () => String(await page.evaluate(() => window.said)) === 'null,waiting,BLOCKED_BY_CORS,false');
  for (const code of ['STORAGE_DENIED', 'BLOCKED_BY_CORS']) {
    await until(`${code} is on the console`, () => lines.filter((line) => line.startsWith(`belfry: ${code}: `)).length === 1);
  }
  await page.close();
});

async function notifyMany(userId, count) {
  const notifications = Array.from({ length: count }, (_, i) => ({ userId, title: `number ${i}`, body: 'x'.repeat(100) }));
  const answer = await fetch(`http://${stack.ingest.http}/v1/notify/batch`, {
    method: 'POST', body: JSON.stringify({ notifications }),
    headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
  });
  assert.equal(answer.status, 200);
}

test('ten thousand notifications and a hundred lists leave a bounded tab', async () => {
  const page = await livePage('zoe');
  const session = await browser.context.newCDPSession(page);
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize / 2 ** 20;
  };
  await page.evaluate(() => window.client.on('notification', () => { window.seen.client.notifications.length = 0; }));
  const before = await heap();
  await openList(page);
  for (let sent = 0; sent < 10_000; sent += 1000) await notifyMany('zoe', 1000);
  await unread(page, 10_000, 60_000);
  const { ids, more } = await listed(page);
  assert.deepEqual([ids.length, more], [3000, true]);
  const open = await heap();
  await page.evaluate(async () => {
    window.list.close();
    window.list = null;
    for (let i = 0; i < 100; i++) {
      const list = window.client.list({ kind: `k${i}.` });
      await new Promise((resolve) => list.subscribe(() => { if (list.getSnapshot().status === 'ready') resolve(); }));
      list.close();
    }
  });
  const closed = await heap();
  assert.ok(open - before < 6, `${before} MiB, ${open} with a full list`);
  assert.ok(closed - before < 1, `${before} MiB, ${open} with a full list, ${closed} afterwards`);
  await page.close();
});

test('an idle tab asks for nothing beside its stream', async () => {
  const page = await livePage('quinn');
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  await sleep(10_000);
  assert.deepEqual(requests, []);
  await page.close();
});
