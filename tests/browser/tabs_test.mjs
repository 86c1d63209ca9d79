// SPDX-License-Identifier: Apache-2.0
// The headless client in several tabs of one browser, and on a second device.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from '../../clients/web/node_modules/esbuild/lib/main.js';
import { Stack, until } from '../support/node/stack.mjs';
import { blankPage, openBrowser } from './chromium.mjs';
import { inState, listed, openClient, openList, seen, snapshot, unread } from './client_page.mjs';
import { startProxy } from './proxy.mjs';

let stack;
let browser;
let origin;
let proxy;

before(async () => {
  stack = await Stack.start({ edges: 1 });
  browser = await openBrowser({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  origin = `http://${stack.edges[0].http}`;
});

after(async () => {
  await browser?.close();
  await stack?.stop();
  await proxy?.stop();
});

async function streams() {
  const metrics = await fetch(`http://${stack.edges[0].admin}/metrics`).then((answer) => answer.text());
  return Number(/^belfry_edge_streams (\d+)/m.exec(metrics)[1]);
}

async function tab(userId, context = browser.context) {
  const page = await blankPage(context, origin, stack.token(userId));
  page.asked = [];
  page.on('request', (request) => page.asked.push(new URL(request.url()).pathname));
  await openClient(page, { projectId: 'demo', userId });
  await inState(page, 'live', 40_000);
  return page;
}

// `count` tabs of one user, with one stream among them; who leads is the first of them.
async function tabs(userId, count) {
  const pages = [];
  for (let i = 0; i < count; i++) pages.push(await tab(userId));
  const leading = await leaders(pages);
  assert.equal(leading.length, 1);
  return [leading[0], ...pages.filter((page) => page !== leading[0])];
}

async function leaders(pages) {
  const all = await Promise.all(pages.map((page) => snapshot(page)));
  return pages.filter((_, i) => all[i].leader);
}

const allHave = (pages, id, ms) => until(`${id} is in every tab`, async () => {
  const all = await Promise.all(pages.map((page) => seen(page)));
  return all.every(({ notifications }) => notifications.includes(id));
}, ms);

const once = async (pages) => {
  for (const page of pages) {
    const { notifications } = await seen(page);
    assert.equal(new Set(notifications).size, notifications.length, 'one came twice');
  }
};

const closeAll = async (pages) => {
  for (const page of pages) await page.close();
  await until('no stream is left', async () => await streams() === 0);
};

test('five tabs have one stream, and all have the same', async () => {
  const pages = await tabs('alice', 5);
  assert.equal(await streams(), 1);
  const first = await stack.notify('alice', 'one');
  const second = await stack.notify('alice', 'two');
  await allHave(pages, second);
  for (const page of pages) {
    assert.deepEqual((await seen(page)).notifications, [first, second]);
    assert.equal((await snapshot(page)).shared, true);
    await unread(page, 2);
  }
  assert.equal(await streams(), 1);
  // The counts of a new tab are the leader's.
  for (const page of pages.slice(1)) assert.deepEqual(page.asked.filter((path) => path.startsWith('/v1/')), []);
  await closeAll(pages);
});

// The npm package's names are as in the source, those of what the edge serves are shortened by its build.
test('a tab with the client of another build shares the stream, whichever leads', async () => {
  const { outputFiles: [{ text }] } = await build({
    entryPoints: [fileURLToPath(new URL('../../clients/web/src/client/index.js', import.meta.url))],
    bundle: true, write: false, format: 'esm', external: ['*.lazy.js'], logLevel: 'silent',
  });
  for (const [user, modules] of [['kate', ['/belfry.js', '/own.js']], ['liam', ['/own.js', '/belfry.js']]]) {
    const pages = [];
    for (const module of modules) {
      const page = await blankPage(browser.context, origin, stack.token(user));
      await page.route(`${origin}/own.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: text }));
      await openClient(page, { projectId: 'demo', userId: user, module });
      await inState(page, 'live');
      pages.push(page);
    }
    const id = await stack.notify(user, 'x');
    await allHave(pages, id);
    await once(pages);
    assert.equal((await leaders(pages))[0], pages[0]);
    assert.equal(await streams(), 1);
    await closeAll(pages);
  }
});

test('what is read in one tab is read in all others and on a second device', async () => {
  const id = await stack.notify('bob', 'x');
  const pages = await tabs('bob', 3);
  const device = await openBrowser();
  const other = await tab('bob', device.context);
  for (const page of [...pages, other]) await openList(page);
  await pages[2].evaluate((which) => window.client.read(which), id);
  for (const page of [...pages, other]) {
    await unread(page, 0);
    await until('it is read in the list', async () => (await listed(page)).unread.length === 0);
  }
  await other.evaluate((which) => window.client.delete(which), id);
  for (const page of pages) await until('it is gone', async () => (await listed(page)).ids.length === 0);
  await device.close();
  await closeAll(pages);
});

test('when the leader is closed another goes on where it was', async () => {
  const [leader, ...rest] = await tabs('carol', 3);
  await allHave([leader, ...rest], await stack.notify('carol', 'before'));
  await leader.close();
  const during = await stack.notify('carol', 'during');
  await until('another leads', async () => (await leaders(rest)).length === 1);
  const afterwards = await stack.notify('carol', 'after');
  await allHave(rest, during);
  await allHave(rest, afterwards);
  await once(rest);
  for (const page of rest) {
    await unread(page, 3);
    assert.deepEqual((await seen(page)).states, ['connecting', 'live'], 'nobody sees the change');
  }
  assert.equal(await streams(), 1);
  await closeAll(rest);
});

test('a leader that is stuck loses the lock, and follows when it wakes', async () => {
  const [leader, ...rest] = await tabs('dave', 3);
  const debug = await browser.context.newCDPSession(leader);
  await debug.send('Debugger.enable');
  await debug.send('Debugger.pause');
  leader.evaluate(() => 1).catch(() => {}); // runs into the pause
  const during = await stack.notify('dave', 'during');
  await until('another leads', async () => (await leaders(rest)).length === 1, 40_000);
  await allHave(rest, during);
  await debug.send('Debugger.resume');
  await debug.send('Debugger.disable');
  const pages = [leader, ...rest];
  await until('there is one stream', async () => await streams() === 1);
  await until('one leads', async () => (await leaders(pages)).length === 1);
  const afterwards = await stack.notify('dave', 'after');
  await allHave(pages, during);
  await allHave(pages, afterwards);
  await once(pages);
  await closeAll(pages);
});

test('a page in the back/forward cache holds nothing, and catches up when it returns', async () => {
  const [leader, follower] = await tabs('erin', 2);
  await leader.evaluate(() => { window.mark = 'the same page'; });
  await leader.route(`${origin}/away`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  await leader.goto(`${origin}/away`);
  await until('the other leads', async () => (await snapshot(follower)).leader);
  const during = await stack.notify('erin', 'during');
  await allHave([follower], during);
  assert.equal(await streams(), 1);
  await leader.goBack({ waitUntil: 'commit' });
  assert.equal(await leader.evaluate(() => window.mark), 'the same page', 'it came from the cache');
  await inState(leader, 'live');
  const afterwards = await stack.notify('erin', 'after');
  await allHave([leader, follower], afterwards);
  assert.deepEqual((await seen(leader)).notifications, [during, afterwards]);
  await unread(leader, 2);
  assert.equal((await leaders([leader, follower])).length, 1);
  assert.equal(await streams(), 1);
  await closeAll([leader, follower]);
});

test('a leader in the background gives way to a tab in front', async () => {
  const [leader, follower] = await tabs('judy', 2);
  const before = await stack.notify('judy', 'before');
  await allHave([leader, follower], before);
  // Headless pages are all in front; this one says that it is not.
  await leader.evaluate(() => Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' }));
  await until('the tab in front leads', async () => (await snapshot(follower)).leader);
  await until('the other follows', async () => !(await snapshot(leader)).leader);
  await allHave([leader, follower], await stack.notify('judy', 'after'));
  await once([leader, follower]);
  await until('there is one stream', async () => await streams() === 1);
  await closeAll([leader, follower]);
});

// The lid is closed: time passes for the page at once, timers that are due fire once, and the network
// has forgotten the connections without closing them.
test('a laptop that was closed for an hour catches up as soon as it is opened', async (context) => {
  proxy = await startProxy([stack.edges[0].http]);
  const laptop = await openBrowser();
  context.after(() => laptop.close());
  await laptop.context.clock.install();
  const pages = [];
  for (let i = 0; i < 2; i++) {
    const page = await blankPage(laptop.context, proxy.origin, stack.token('lena'));
    await openClient(page, {
      projectId: 'demo', userId: 'lena', tokens: [() => stack.token('lena', { ttl: 600 }), () => stack.token('lena', { ttl: 7200 })],
    });
    await inState(page, 'live');
    await openList(page);
    pages.push(page);
  }
  const before = await stack.notify('lena', 'before');
  await allHave(pages, before);
  proxy.silence();
  const during = await stack.notify('lena', 'during');
  await laptop.context.clock.fastForward('01:00:00');
  // The first attempt may meet a dead connection of the browser's pool, and gives it 15 s.
  await allHave(pages, during, 60_000);
  await allHave(pages, await stack.notify('lena', 'after'));
  await once(pages);
  for (const page of pages) {
    await inState(page, 'live');
    await unread(page, 3);
    assert.equal((await listed(page)).ids.length, 3);
    assert.ok((await seen(page)).asked.length <= 2, 'no token is asked for more than once');
    const { skewMs } = await snapshot(page);
    assert.ok(Math.abs(skewMs + 3_600_000) < 60_000, `its clock is an hour ahead: ${skewMs}`);
  }
  assert.equal((await leaders(pages)).length, 1);
});

// The same without a clock that is wound: the system stops the browser's processes, as it does before
// it sleeps.
test('a browser that was stopped while the network forgot its connections catches up when it goes on', async (context) => {
  const edge = await stack.add('edge', ['--edge-heartbeat', '5s']);
  const between = await startProxy([edge.http]);
  context.after(() => between.stop());
  const laptop = await openBrowser();
  context.after(() => laptop.close());
  const pages = [];
  for (let i = 0; i < 2; i++) {
    const page = await blankPage(laptop.context, between.origin, stack.token('mona'));
    await openClient(page, { projectId: 'demo', userId: 'mona' });
    await inState(page, 'live');
    await openList(page);
    pages.push(page);
  }
  const before = await stack.notify('mona', 'before');
  await allHave(pages, before);
  laptop.signal('SIGSTOP');
  between.silence();
  const from = Date.now();
  const during = await stack.notify('mona', 'during');
  await until('more than two heartbeats and a beat of the leader are over', () => Date.now() - from > 15_000);
  laptop.signal('SIGCONT');
  await allHave(pages, during, 60_000);
  const afterwards = await stack.notify('mona', 'after');
  await allHave(pages, afterwards);
  for (const page of pages) {
    await inState(page, 'live');
    assert.deepEqual((await seen(page)).notifications, [before, during, afterwards]);
    await unread(page, 3);
    assert.deepEqual((await listed(page)).ids, [afterwards, during, before]);
  }
  await until('one leads', async () => (await leaders(pages)).length === 1);
});

test('all tabs hear that the edge is gone and that it is back', async () => {
  const pages = await tabs('frank', 3);
  await stack.kill('edge-1');
  for (const page of pages) await inState(page, 'waiting');
  const missed = await stack.notify('frank', 'missed');
  await stack.revive('edge-1');
  for (const page of pages) await inState(page, 'live', 60_000);
  await allHave(pages, missed);
  await once(pages);
  assert.equal(await streams(), 1);
  await closeAll(pages);
});

test('a list that is opened in a new tab misses nothing that came just before', async () => {
  const [leader] = await tabs('grace', 1);
  const published = [];
  let more = true;
  const publisher = (async () => {
    while (more) published.push(await stack.notify('grace', 'busy'));
  })();
  const page = await blankPage(browser.context, origin, stack.token('grace'));
  await openClient(page, { projectId: 'demo', userId: 'grace' });
  await openList(page);
  const so = published.length;
  await until('some more are published', () => published.length >= so + 20);
  more = false;
  await publisher;
  await allHave([leader], published.at(-1));
  while ((await listed(page)).more) await page.evaluate(() => window.list.loadMore());
  await until('all are listed', async () => (await listed(page)).ids.length === published.length);
  assert.deepEqual((await listed(page)).ids, [...published].reverse());
  await unread(page, published.length);
  await closeAll([leader, page]);
});

test('who was refused leaves the stream to a tab that has what it lacks', async () => {
  await browser.context.clearCookies();
  const first = await browser.context.newPage();
  await first.route(`${origin}/blank`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  await first.goto(`${origin}/blank`);
  await openClient(first, { projectId: 'demo', userId: 'heidi' });
  assert.equal((await inState(first, 'refused')).problem.code, 'MISSING_CREDENTIALS');
  const second = await tab('heidi'); // has logged in
  await inState(first, 'live');
  await allHave([first, second], await stack.notify('heidi', 'x'));
  assert.equal(await streams(), 1);
  await closeAll([first, second]);
});

test('started twice, as React does in development, it is one client', async () => {
  const page = await tab('ivan');
  await page.evaluate(() => {
    window.client.stop();
    window.client.start();
    window.client.stop();
    window.client.start();
    window.client.start();
  });
  await inState(page, 'live');
  await allHave([page], await stack.notify('ivan', 'x'));
  await once([page]);
  assert.equal(await streams(), 1);
  await closeAll([page]);
});
