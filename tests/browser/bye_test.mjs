// SPDX-License-Identifier: Apache-2.0
// The headless client when the server says `bye`, or nobody is behind its proxy: which state it is
// in, how long it waits, and that nothing is missed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Stack, until } from '../support/node/stack.mjs';
import { blankPage, openBrowser } from './chromium.mjs';
import { inState, openClient, seen, snapshot, unread } from './client_page.mjs';
import { startProxy } from './proxy.mjs';

const MINUTE_MS = 60_000;

let stack;
let browser;
const proxies = [];

before(async () => {
  stack = await Stack.start({ edges: 2, edgeArgs: ['--edge-retry', '500ms', '--edge-drain-window', '1s'] });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await stack?.stop();
  for (const proxy of proxies) await proxy.stop();
});

async function between(...edges) {
  const proxy = await startProxy(edges.map(({ http }) => http));
  proxies.push(proxy);
  return proxy;
}

// A tab behind `origin`. The problems that its snapshots had are kept in window.problems.
async function tab(origin, userId, { cookie = stack.token(userId), alone = false, context = browser.context, ...options } = {}) {
  const page = await blankPage(context, origin, cookie);
  if (alone) await page.evaluate(() => { delete Navigator.prototype.locks; });
  await openClient(page, { projectId: 'demo', userId, ...options });
  await page.evaluate(() => {
    window.problems = [];
    window.client.subscribe(() => {
      const { problem } = window.client.getSnapshot();
      if (problem && window.problems.at(-1) !== problem.code) window.problems.push(problem.code);
    });
  });
  await inState(page, 'live');
  return page;
}

const problems = (page) => page.evaluate(() => window.problems);
const notifications = async (page) => (await seen(page)).notifications;

async function streams(edge) {
  const metrics = await fetch(`http://${edge.admin}/metrics`).then((answer) => answer.text());
  return Number(/^belfry_edge_streams (\d+)/m.exec(metrics)[1]);
}

// Publishes without a pause while `what` happens; gives the ids.
async function underLoad(userId, what) {
  const published = [];
  let more = true;
  const publisher = (async () => {
    while (more) published.push(await stack.notify(userId, `number ${published.length}`));
  })();
  try {
    await what(published);
  } finally {
    more = false;
    await publisher;
  }
  return published;
}

test('an edge that drains sends its tabs to another, and nothing is missed: there and back', async () => {
  const [first, second] = stack.edges;
  const proxy = await between(first, second);
  const pages = [await tab(proxy.origin, 'alice'), await tab(proxy.origin, 'alice')];
  assert.deepEqual([await streams(first), await streams(second)], [1, 0]);
  const published = await underLoad('alice', async () => {
    await stack.terminate('edge-1');
    await until('the stream is at the second', async () => await streams(second) === 1);
    await stack.revive('edge-1');
    await stack.terminate('edge-2');
    await until('it is back', async () => await streams(first) === 1);
  });
  for (const page of pages) {
    await inState(page, 'live');
    await until('all have come', async () => (await notifications(page)).at(-1) === published.at(-1));
    assert.deepEqual(await notifications(page), published);
    assert.ok((await problems(page)).includes('DRAINING'), 'the reason is told in every tab');
    assert.deepEqual((await seen(page)).resets, []);
    await unread(page, published.length);
    await page.close();
  }
  await stack.revive('edge-2');
});

test('an edge that is killed under load is left at once for the other', async () => {
  const [first, second] = stack.edges;
  const proxy = await between(first, second);
  const page = await tab(proxy.origin, 'bob');
  const published = await underLoad('bob', async (so) => {
    await until('some arrive', async () => (await notifications(page)).length >= 20);
    await stack.kill('edge-1');
    await until('the stream is at the second', async () => await streams(second) === 1);
    const moved = so.length;
    await until('some arrive there', async () => (await notifications(page)).length >= moved);
  });
  await until('all have come', async () => (await notifications(page)).at(-1) === published.at(-1));
  assert.deepEqual(await notifications(page), published);
  await page.close();
  await stack.revive('edge-1');
});

test('an edge that is killed in the middle of a chunk has ended its stream, and nothing else is said', async () => {
  const [first, second] = stack.edges;
  const proxy = await between(first, second);
  const page = await tab(proxy.origin, 'ivan');
  const lines = [];
  page.on('console', (message) => lines.push(message.text()));
  const cut = proxy.half(() => stack.kill('edge-1'));
  const id = await stack.notify('ivan', 'cut', { body: 'x'.repeat(4000) });
  await cut;
  await until('the stream is at the second', async () => await streams(second) === 1);
  await until('it has come', async () => (await notifications(page)).length > 0);
  assert.deepEqual(await notifications(page), [id]);
  assert.deepEqual(await problems(page), ['ENDED']);
  assert.deepEqual(lines.filter((line) => line.startsWith('belfry: ')), []);
  await page.close();
  await stack.revive('edge-1');
});

test('a proxy that has no edge for ten seconds is asked with growing pauses', async () => {
  const proxy = await between(stack.edges[0]);
  const page = await tab(proxy.origin, 'carol');
  await stack.kill('edge-1');
  const from = Date.now();
  const missed = await stack.notify('carol', 'missed');
  await until('the proxy says 502', async () => (await snapshot(page)).problem?.code === 'HTTP_502');
  await until('ten seconds are over', () => Date.now() - from >= 10_000);
  assert.ok(proxy.refused <= 20, `${proxy.refused} requests in ten seconds`);
  await stack.revive('edge-1');
  await unread(page, 1, 60_000);
  assert.deepEqual(await notifications(page), [missed]);
  assert.equal((await snapshot(page)).state, 'live');
  await page.close();
});

test('a page that is shown asks at once, however long it was to wait', async () => {
  const proxy = await between(stack.edges[0]);
  const page = await tab(proxy.origin, 'judy');
  await page.route('**/v1/stream?*', (route) => route.fulfill({ status: 503, headers: { 'retry-after': '600' } }));
  await page.evaluate(() => { window.client.stop(); window.client.start(); });
  const { retryAt } = await inState(page, 'waiting');
  assert.ok(retryAt > Date.now() + 9 * MINUTE_MS);
  const missed = await stack.notify('judy', 'missed');
  await page.unroute('**/v1/stream?*');
  await hideAndShow(page);
  await inState(page, 'live');
  await unread(page, 1);
  assert.deepEqual(await notifications(page), [missed]);
  await page.close();
});

test('who is evicted for a further stream stays away for ten minutes, so that tabs do not take turns', async (context) => {
  const edge = await stack.add('edge', ['--edge-streams-per-user-max', '2']);
  const origin = `http://${edge.http}`;
  const device = await openBrowser(); // its clock is wound
  context.after(() => device.close());
  await device.context.clock.install();
  const oldest = await tab(origin, 'dave', { alone: true, context: device.context });
  const second = await tab(origin, 'dave', { alone: true });
  const third = await tab(origin, 'dave', { alone: true });
  const { problem, retryAt } = await inState(oldest, 'evicted');
  assert.equal(problem.code, 'EVICTED');
  const waitMs = retryAt - await oldest.evaluate(() => Date.now());
  assert.ok(waitMs > 9 * MINUTE_MS && waitMs < 12 * MINUTE_MS, `${waitMs} ms`);
  const missed = await stack.notify('dave', 'meanwhile');
  for (const page of [second, third]) await unread(page, 1);
  assert.equal(await streams(edge), 2);
  assert.deepEqual(await problems(second), []);

  await second.close();
  await oldest.clock.fastForward(waitMs + 1);
  await inState(oldest, 'live');
  await unread(oldest, 1);
  assert.deepEqual(await notifications(oldest), [missed]);
  assert.deepEqual(await problems(third), []);
  await third.close();
});

// Headless pages are all in front; this one says that it is not, and then that it is again.
const hideAndShow = (page) => page.evaluate(() => {
  for (const state of ['hidden', 'visible']) {
    Object.defineProperty(document, 'visibilityState', { get: () => state, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }
});

test('an evicted tab says so once, and comes back when somebody acts: starts it, shows it, opens another', async (context) => {
  const edge = await stack.add('edge', ['--edge-streams-per-user-max', '1']);
  const origin = `http://${edge.http}`;
  const first = await blankPage(browser.context, origin, stack.token('erin'));
  const lines = [];
  first.on('console', (message) => lines.push(message.text()));
  await openClient(first, { projectId: 'demo', userId: 'erin' });
  await inState(first, 'live');
  const device = await openBrowser();
  context.after(() => device.close());
  const second = await tab(origin, 'erin', { context: device.context });
  await inState(first, 'evicted');
  for (const act of [
    () => first.evaluate(() => { window.client.stop(); window.client.start(); }),
    () => hideAndShow(first),
    // It leads no more; who was evicted follows.
    async () => (await tab(origin, 'erin')).evaluate(() => { window.mark = 'newest'; }),
  ]) {
    await act();
    await inState(first, 'live');
    assert.equal((await inState(second, 'evicted')).problem.code, 'EVICTED');
    await hideAndShow(second);
    await inState(second, 'live');
    await inState(first, 'evicted');
  }
  assert.deepEqual((await seen(first)).refused, []);
  const said = lines.filter((line) => line.startsWith('belfry: '));
  assert.equal(said.length, 1, String(said));
  assert.match(said[0], /^belfry: EVICTED: .*edge_streams_per_user_max/);
  for (const page of browser.context.pages()) if (page.url().startsWith(origin)) await page.close();
});

test('an edge that is full is waited for', async () => {
  const edge = await stack.add('edge', ['--edge-streams-max', '1', '--edge-retry', '500ms']);
  const origin = `http://${edge.http}`;
  const first = await tab(origin, 'frank');
  const page = await blankPage(browser.context, origin, stack.token('grace'));
  await openClient(page, { projectId: 'demo', userId: 'grace' });
  const { problem, retryAt } = await inState(page, 'waiting');
  assert.equal(problem.code, 'OVERLOADED');
  assert.ok(retryAt, 'it says when');
  const missed = await stack.notify('grace', 'meanwhile');
  await first.close();
  await inState(page, 'live', 60_000);
  await unread(page, 1);
  await stack.notify('grace', 'later');
  await unread(page, 2);
  assert.ok(!(await seen(page)).notifications.includes(missed), 'it came before the stream began, and is counted');
  await page.close();
});

test('a stream whose cookie ends goes on with the next cookie, and is refused without one', async () => {
  const [edge] = stack.edges;
  const origin = `http://${edge.http}`;
  const page = await tab(origin, 'heidi', { cookie: stack.token('heidi', { ttl: 3 }) });
  // The page's own server renews it.
  await browser.context.addCookies([{ name: 'belfry_token', value: stack.token('heidi', { ttl: 12 }), url: origin, httpOnly: true }]);
  await until('the old one has ended', async () => (await problems(page)).includes('TOKEN_EXPIRED'), 30_000);
  const id = await stack.notify('heidi', 'x');
  await until('it has come', async () => (await notifications(page)).includes(id));
  const { problem } = await inState(page, 'refused', 30_000);
  assert.ok(['TOKEN_EXPIRED', 'MISSING_CREDENTIALS'].includes(problem.code), problem.code);
  await page.close();
});
