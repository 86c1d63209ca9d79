// SPDX-License-Identifier: Apache-2.0
// The bell on a company's page: another origin, a token, a policy that refuses everything that is
// not named. What a person sees and does, with a real edge behind it.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';

import { sleep, Stack, until } from '../support/node/stack.mjs';
import { App } from './app.mjs';
import { badge, badgeIs, live, open, pageTests, rows, status, titles, titlesAre, tool } from './bell_page.mjs';
import { openBrowser } from './chromium.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const MANY = 2_000;

let app;
let stack;
let browser;
let user;
let users = 0;

before(async () => {
  app = await App.start();
  stack = await Stack.start({ edges: 1, edgeArgs: ['--edge-cors-origins', app.origin] });
  app.edge = `http://${stack.edges[0].http}`;
  app.token = (name) => stack.token(name);
  browser = await openBrowser();
  browser.context.setDefaultTimeout(30_000);
});

after(async () => {
  await browser?.close();
  await stack?.stop();
  await app?.stop();
});

// Each test has a user of its own.
beforeEach(() => {
  users += 1;
  user = `user-${users}`;
});

const withPage = pageTests(() => ({ app, browser, user }));

// Another device: a context of its own, so that nothing but the server connects the two.
async function anotherDevice() {
  const other = await openBrowser();
  other.context.setDefaultTimeout(30_000);
  const page = await other.context.newPage();
  await page.goto(app.url(user));
  await live(page);
  return { page, close: () => other.close() };
}

async function publishMany(count, fields = {}) {
  for (let from = 0; from < count; from += 1_000) {
    const notifications = Array.from({ length: Math.min(1_000, count - from) }, (_, index) => (
      { userId: user, title: `Number ${from + index}`, ...fields }));
    const answer = await fetch(`http://${stack.ingest.http}/v1/notify/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ notifications }),
    });
    assert.equal(answer.status, 200);
    assert.ok((await answer.json()).results.every((result) => result.id));
  }
}

// ---- Arrivals

withPage('an arrival moves the badge, is shown as a toast and said once', async (page) => {
  assert.equal(await badge(page), '');
  await stack.notify(user, 'Lunch?', { body: 'At noon.' });
  await badgeIs(page, '1');
  await page.locator('.toast').getByText('At noon.').waitFor();
  await until('it is said', async () => await status(page) === '1 new notification');
  assert.equal(await page.locator('.bell').getAttribute('aria-label'), 'Notifications, 1 unread');
  assert.equal(await page.locator('.toast [role=status], .toast [aria-live]').count(), 0);
});

withPage('three toasts at most; they wait under the pointer, and errors stay', async (page) => {
  await page.clock.install();
  await stack.notify(user, 'It broke', { level: 'error' });
  for (const n of [1, 2, 3]) {
    await stack.notify(user, `Number ${n}`);
    await page.locator('.toast').getByText(`Number ${n}`).waitFor();
  }
  const toasts = page.locator('.toast');
  assert.equal(await toasts.count(), 3);
  await toasts.getByText('Number 3').hover();
  await page.clock.runFor(20_000);
  assert.equal(await toasts.count(), 3);
  await page.mouse.move(5, 5);
  await page.clock.runFor(20_000);
  assert.deepEqual(await toasts.locator('.title > :last-child').allTextContents(), ['It broke']);
  await toasts.getByRole('button', { name: 'Close' }).click();
  assert.equal(await toasts.count(), 0);
});

withPage('a page may refuse a toast and a link', {
  after: `bell.addEventListener('belfry-notification', (event) => event.preventDefault());
    bell.addEventListener('belfry-click', (event) => { window.clicked = event.detail.notification.title; event.preventDefault(); });`,
}, async (page) => {
  await stack.notify(user, 'Quiet', { actionUrl: '/elsewhere' });
  await badgeIs(page, '1');
  assert.equal(await page.locator('.toast').count(), 0);
  await open(page);
  await rows(page).locator('.title').click();
  assert.equal(await page.evaluate(() => window.clicked), 'Quiet');
  assert.ok(!page.url().includes('elsewhere'));
  await badgeIs(page, '');
});

withPage('"99+" is for the eye only', async (page) => {
  await publishMany(120);
  await badgeIs(page, '99+');
  assert.equal(await page.locator('.bell').getAttribute('aria-label'), 'Notifications, 120 unread');
});

// ---- Changes

withPage('read, unread, archive and delete, with the opposite offered, here and on another device', async (page) => {
  for (const title of ['First', 'Second', 'Third']) {
    await stack.notify(user, title);
  }
  const other = await anotherDevice();
  try {
    await badgeIs(page, '3');
    await badgeIs(other.page, '3');
    await open(page);
    await titlesAre(page, ['Third', 'Second', 'First']);

    await tool(page, 'Second', 'Mark as read');
    await badgeIs(other.page, '2');
    await page.getByRole('button', { name: 'Undo' }).click();
    await badgeIs(other.page, '3');

    await tool(page, 'Second', 'Archive');
    await titlesAre(page, ['Third', 'First']);
    await badgeIs(other.page, '2');
    await page.getByRole('button', { name: 'Undo' }).click();
    await titlesAre(page, ['Third', 'Second', 'First']);
    await badgeIs(other.page, '3');

    await tool(page, 'First', 'Delete');
    assert.equal(await rows(page).count(), 3);
    await page.locator('.snack').getByRole('button', { name: 'Delete' }).click();
    await titlesAre(page, ['Third', 'Second']);
    await badgeIs(other.page, '2');
  } finally {
    await other.close();
  }
});

withPage('tabs and kinds select, with their counts', {
  options: { kinds: [{ kind: 'comment.', label: 'Comments' }, { kind: 'build.', label: 'Builds' }] },
}, async (page) => {
  await stack.notify(user, 'A comment', { kind: 'comment.created' });
  await stack.notify(user, 'A build', { kind: 'build.failed' });
  await badgeIs(page, '2');
  await open(page);
  await titlesAre(page, ['A build', 'A comment']);
  const button = (name) => page.locator('.panel').getByRole('button', { name });
  assert.equal(await button(/^Comments/).textContent(), 'Comments1');
  await button(/^Comments/).click();
  await titlesAre(page, ['A comment']);
  await button('Mark all as read').click();
  await badgeIs(page, '1');
  await button(/^All$/).last().click();
  await page.locator('.tab', { hasText: 'Unread' }).click();
  await titlesAre(page, ['A build']);
  await tool(page, 'A build', 'Archive');
  await titlesAre(page, []);
  await button(/^Archived/).click();
  await titlesAre(page, ['A build']);
});

withPage('marking all as read takes what is shown, not what comes later', async (page) => {
  await publishMany(5);
  await badgeIs(page, '5');
  await open(page);
  await page.getByRole('button', { name: 'Mark all as read' }).click();
  await badgeIs(page, '');
  await stack.notify(user, 'Later');
  await badgeIs(page, '1');
});

withPage('a change that the server refuses is taken back and said', async (page) => {
  await stack.notify(user, 'Mine');
  await badgeIs(page, '1');
  await open(page);
  await page.route('**/read?*', (route) => route.fulfill({
    status: 422, contentType: 'application/problem+json', headers: { 'access-control-allow-origin': app.origin, 'access-control-allow-credentials': 'true' },
    body: JSON.stringify({ title: 'No', status: 422, detail: 'not today' }),
  }));
  await tool(page, 'Mine', 'Mark as read');
  await page.locator('.snack').getByText('could not be saved').waitFor();
  await badgeIs(page, '1');
});

// ---- Open and closed

// Untrusted events: the browser does not dismiss the popover for them, as Safari on an iPad did not
// for real ones before 18.3.
const pointer = (page, type, selector) => page.evaluate(([name, where]) => {
  const target = where ? window.bell.shadowRoot.querySelector(where) : document.querySelector('main');
  target.dispatchEvent(new PointerEvent(name, { bubbles: true, composed: true, pointerType: 'touch' }));
}, [type, selector]);

withPage('a press outside closes the drawer where the browser does not, one that began inside does not', async (page) => {
  await open(page);
  await pointer(page, 'pointerdown', '.heading');
  await pointer(page, 'pointerup'); // a text was selected with the pointer
  await pointer(page, 'pointerdown', '.heading');
  await pointer(page, 'pointerup', '.heading');
  assert.equal(await page.evaluate(() => window.bell.open), true);
  await pointer(page, 'pointerdown');
  await pointer(page, 'pointerup');
  assert.equal(await page.evaluate(() => window.bell.open), false);
  await open(page);
  await page.mouse.click(20, 500);
  await page.waitForSelector('belfry-bell:not([open])');
});

withPage('while the first page is fetched, its rows are hinted at', async (page) => {
  await stack.notify(user, 'There');
  await badgeIs(page, '1');
  let answer;
  const asked = new Promise((resolve) => { answer = resolve; });
  await page.route('**/v1/notifications?*', answer);
  await open(page);
  const route = await asked;
  await page.locator('.skeleton').first().waitFor();
  assert.equal(await page.locator('.scroller').getAttribute('aria-busy'), 'true');
  assert.equal(await page.locator('.feed').getByText('Loading…').count(), 1);
  await route.continue();
  await titlesAre(page, ['There']);
  assert.equal(await page.locator('.skeleton').count(), 0);
});

// ---- Long lists

withPage('scrolls through 2,000, each once, and lets new ones wait behind a pill', async (page) => {
  await publishMany(MANY);
  await open(page);
  const scroller = page.locator('.scroller');
  await until('all are there', async () => {
    await scroller.evaluate((element) => { element.scrollTop = element.scrollHeight; });
    return await rows(page).count() === MANY;
  }, 400_000);
  const all = await titles(page);
  assert.equal(new Set(all).size, MANY);
  assert.equal(all[0], `Number ${MANY - 1}`);
  assert.equal(all.at(-1), 'Number 0');

  await stack.notify(user, 'The newest');
  const pill = page.locator('.pill');
  await pill.getByText('1 new').waitFor();
  assert.equal(await rows(page).count(), MANY);
  await pill.click();
  await until('it is on top', async () => (await titles(page))[0] === 'The newest');
  assert.equal(await scroller.evaluate((element) => element.scrollTop), 0);
  assert.equal(await pill.isVisible(), false);
});

withPage('opening and closing 1,000 times leaves nothing behind', {}, async (page, context) => {
  await publishMany(20);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const measure = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const times = (count) => page.evaluate(async (n) => {
    for (let i = 0; i < n; i += 1) {
      window.bell.open = true;
      await new Promise(requestAnimationFrame);
      window.bell.open = false;
      await new Promise((resolve) => { setTimeout(resolve); });
    }
  }, count);
  await times(50);
  const before = await measure();
  await times(1_000);
  const later = await measure();
  assert.ok(later.Nodes <= before.Nodes + 50, `${before.Nodes} nodes, then ${later.Nodes}`);
  assert.ok(later.JSEventListeners <= before.JSEventListeners + 20,
    `${before.JSEventListeners} listeners, then ${later.JSEventListeners}`);
  const grown = (later.JSHeapUsedSize - before.JSHeapUsedSize) / 1024;
  context.diagnostic(`${Math.round(grown)} KiB more, ${later.Nodes - before.Nodes} nodes, ${later.JSEventListeners - before.JSEventListeners} listeners`);
  assert.ok(grown < 1024, `${Math.round(grown)} KiB more`);
});

// Counts what fires in the page, and how often it may: a frame counts as 0 ms.
const COUNT_TIMERS = () => {
  window.fired = [];
  for (const name of ['setTimeout', 'setInterval', 'requestAnimationFrame', 'requestIdleCallback']) {
    const original = window[name].bind(window);
    window[name] = (callback, ms = 0, ...rest) => original((...args) => {
      window.fired.push([name, Number(ms) || 0]);
      callback(...args);
    }, ms, ...rest);
  }
};

test('an idle bell asks for nothing beside its stream and has no timer faster than a second', async () => {
  const page = await browser.context.newPage();
  try {
    await page.addInitScript(COUNT_TIMERS);
    await page.goto(app.url(user));
    await live(page);
    await stack.notify(user, 'There');
    await badgeIs(page, '1');
    await open(page);
    await titlesAre(page, ['There']);
    for (const drawer of ['open', 'closed']) {
      await page.evaluate((isOpen) => { window.bell.open = isOpen; }, drawer === 'open');
      await sleep(3_500); // what a person's last action has left to do, and the texts for a screen reader
      const requests = [];
      const onRequest = (request) => requests.push(request.url());
      page.on('request', onRequest);
      await page.evaluate(() => { window.fired.length = 0; });
      await sleep(10_000);
      const fired = await page.evaluate(() => window.fired);
      page.off('request', onRequest);
      assert.deepEqual(requests, [], drawer);
      assert.deepEqual(fired.filter(([, ms]) => ms < 1_000), [], drawer);
      assert.ok(fired.length >= 2 && fired.length <= 10, `${drawer}: ${JSON.stringify(fired)}`);
    }
  } finally {
    await page.close();
  }
});

// ---- What is said is text

const HOSTILE = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>';

withPage('hostile text is text in every field, and only harmless addresses become links', async (page) => {
  await stack.notify(user, HOSTILE, {
    body: `${HOSTILE} javascript:alert(1)`, actorId: HOSTILE, subjectId: HOSTILE, kind: 'x.y',
    meta: {
      actorName: HOSTILE,
      actions: [{ label: HOSTILE, url: 'javascript:window.hit=1' }, { label: `Safe ${HOSTILE}`, url: 'https://example.com/a' },
        { label: 'credentials', url: 'https://me:secret@example.com/' }, { label: { toString: 1 }, url: 7 }],
    },
  });
  // The store refuses such an address, so it comes from a store that does not.
  const [n] = await page.evaluate(async ([edge, name]) => {
    const token = await (await fetch('/token?user=' + name)).text();
    const answer = await fetch(edge + '/v1/notifications', { headers: { authorization: 'Bearer ' + token } });
    return (await answer.json()).notifications;
  }, [app.edge, user]);
  await page.route('**/v1/notifications?*', (route) => route.fulfill({
    contentType: 'application/json', headers: { 'access-control-allow-origin': app.origin, 'access-control-allow-credentials': 'true' },
    body: JSON.stringify({
      notifications: [{ ...n, actionUrl: 'javascript:window.hit=1', imageUrl: 'javascript:window.hit=1' }],
      nextBefore: null, oldestId: n.id, counts: { unreadCount: 1, unseenCount: 1, byKind: {}, upTo: n.id },
    }),
  }));
  await open(page);
  await rows(page).first().waitFor();
  const panel = page.locator('.panel');
  assert.equal(await panel.locator('img, script').count(), 0);
  assert.match(await panel.locator('.title').textContent(), /<img src=x/);
  assert.match(await panel.locator('.body').textContent(), /<script>/);
  const links = await panel.locator('a').evaluateAll((all) => all.map((a) => a.href));
  assert.deepEqual(links, ['https://example.com/a']);
  assert.equal(await panel.locator('.action').count(), 1);
  assert.equal(await page.evaluate(() => window.hit), undefined);
});

withPage('an image is loaded without a referrer, and initials stand in for a broken one', async (page) => {
  await stack.notify(user, 'With a face', { imageUrl: `${app.origin}/face.gif`, actorId: 'ada.lovelace' });
  await stack.notify(user, 'Without', { imageUrl: `${app.origin}/nothing.gif`, actorId: 'ada.lovelace' });
  await open(page);
  await titlesAre(page, ['Without', 'With a face']);
  await until('the broken one is gone', async () => await rows(page).locator('img').count() === 1);
  assert.equal(await rows(page).locator('img').getAttribute('referrerpolicy'), 'no-referrer');
  assert.equal(await rows(page).first().locator('.avatar').textContent(), 'AL');
});

withPage('initials have a colour that is the actor\'s', async (page) => {
  for (const actorId of ['Ada Lovelace', 'Grace Hopper', 'Ada Lovelace']) {
    await stack.notify(user, `From ${actorId}`, { actorId });
  }
  await open(page);
  await until('all are there', async () => await rows(page).count() === 3);
  const [ada, grace, again] = await rows(page).locator('.avatar').evaluateAll((all) =>
    all.map((element) => getComputedStyle(element).backgroundColor));
  assert.equal(ada, again);
  assert.notEqual(ada, grace);
});

withPage('what the page draws stands in for the usual row', {
  after: "bell.configure({ renderItem(n) { const b = document.createElement('b'); b.textContent = 'Own: ' + n.title; return b; } });",
}, async (page) => {
  await stack.notify(user, 'Hello', { body: 'usual' });
  await open(page);
  await rows(page).getByText('Own: Hello').waitFor();
  assert.equal(await rows(page).getByText('usual').count(), 0);
});

// ---- A policy, languages, preferences

withPage('languages and preferences are fetched under the same policy', { lang: 'de' }, async (page) => {
  await stack.notify(user, 'Eins', { kind: 'digest.daily' });
  await badgeIs(page, '1');
  assert.equal(await page.locator('.bell').getAttribute('aria-label'), 'Benachrichtigungen, 1 ungelesene');
  await open(page);
  await page.getByRole('button', { name: 'Einstellungen' }).click();
  const digest = page.getByRole('switch', { name: 'Digest daily' });
  assert.equal(await digest.isChecked(), true);
  await digest.click();
  await until('the server has it', async () => {
    const answer = await fetch(`${app.edge}/v1/preferences`, { headers: { authorization: `Bearer ${stack.token(user)}` } });
    return String((await answer.json()).mutedKinds) === 'digest.daily';
  });
  await page.getByRole('button', { name: 'Zurück' }).click();
  await titlesAre(page, ['Eins']);
});

// ---- Who it is for

withPage('another user signs in: nothing of the former one stays', async (page) => {
  await stack.notify(user, 'For the first');
  const other = `${user}-other`;
  await stack.notify(other, 'For the other');
  await stack.notify(other, 'For the other, again');
  await badgeIs(page, '1');
  await open(page);
  await titlesAre(page, ['For the first']);
  await page.evaluate(async (name) => {
    window.former = window.bell.client;
    window.bell.configure({ userId: name, getToken: () => fetch('/token?user=' + name).then((r) => r.text()) });
  }, other);
  await titlesAre(page, ['For the other, again', 'For the other']);
  await badgeIs(page, '2');
  assert.equal(await page.evaluate(() => window.former.getSnapshot().state), 'idle');
});

withPage('moving the bell keeps its stream, taking it away ends it', async (page) => {
  const state = () => page.evaluate(() => window.bell.client.getSnapshot().state);
  await page.evaluate(() => {
    window.states = [];
    window.bell.client.on('state', (event) => window.states.push(event.state));
    document.querySelector('main').append(window.bell);
    window.bell.open = true;
  });
  assert.equal(await state(), 'live');
  await page.evaluate(() => window.bell.remove());
  await until('it has stopped', async () => await state() === 'idle');
  assert.deepEqual(await page.evaluate(() => window.states), ['idle']);
  await page.evaluate(() => document.querySelector('#slot').append(window.bell));
  await until('it is back', async () => await state() === 'live');
  assert.equal(await page.evaluate(() => window.bell.open), false);
});

// ---- What is wrong is said

withPage('offline is said, and over when it is', async (page) => {
  await open(page);
  await page.context().setOffline(true);
  try {
    await page.locator('.banner').getByText('You’re offline').waitFor();
    assert.equal(await page.locator('belfry-bell').getAttribute('data-state'), 'offline');
  } finally {
    await page.context().setOffline(false);
  }
  await live(page);
  await page.locator('.banner').waitFor({ state: 'hidden' });
});

test('a bell that is evicted says so, and comes back when it is pressed or asked to', async () => {
  const full = await App.start();
  const device = await openBrowser();
  try {
    const edge = await stack.add('edge', ['--edge-cors-origins', full.origin, '--edge-streams-per-user-max', '1']);
    full.edge = `http://${edge.http}`;
    full.token = (name) => stack.token(name);
    const openPage = async (context) => {
      const page = await context.newPage();
      await page.goto(full.url(user));
      await live(page);
      return page;
    };
    const evicted = (page) => page.waitForSelector('belfry-bell[data-state=evicted]', { state: 'attached' });
    const page = await openPage(browser.context);
    const other = await openPage(device.context);
    await evicted(page);
    await open(page); // with a press, which is to act
    await live(page);
    await evicted(other);
    assert.equal(await page.locator('.banner').isVisible(), false);

    await other.evaluate(() => { window.bell.client.stop(); window.bell.client.start(); });
    await evicted(page);
    await page.locator('.banner').getByText('Paused: open in too many places').waitFor();
    await page.locator('.banner').getByRole('button', { name: 'Try again' }).click();
    await live(page);
    await page.locator('.banner').waitFor({ state: 'hidden' });
    await stack.notify(user, 'Here');
    await titlesAre(page, ['Here']);
    await page.close();
  } finally {
    await device.close();
    await full.stop();
  }
});

test('a refusal is shown with its reason, and nothing else is', async () => {
  const page = await browser.context.newPage();
  try {
    await stack.notify(user, 'In the other project');
    await page.goto(app.url(user, { options: { projectId: 'another' } }));
    await page.waitForSelector('belfry-bell[data-state=refused]', { state: 'attached' });
    await page.locator('.bell').click();
    await page.locator('.panel h3').getByText('Notifications are unavailable').waitFor();
    assert.match(await page.locator('.message').textContent(), /project/i);
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    assert.equal(await rows(page).count(), 0);
    assert.equal(await badge(page), '');
    assert.equal(await page.locator('.panel .count:visible').count(), 0);
    assert.equal(await page.locator('.banner').isVisible(), false, 'it is said once');
  } finally {
    await page.close();
  }
});

withPage('who is refused later is shown nothing of what came before', async (page) => {
  await stack.notify(user, 'Private');
  await badgeIs(page, '1');
  await open(page);
  await titlesAre(page, ['Private']);
  await page.evaluate(() => window.bell.client.stop());
  await page.route('**/v1/stream?*', (route) => route.fulfill({
    status: 403, contentType: 'application/problem+json', headers: { 'access-control-allow-origin': app.origin, 'access-control-allow-credentials': 'true' },
    body: JSON.stringify({ title: 'No', status: 403, detail: 'signed out', reason: 'NO' }),
  }));
  await page.evaluate(() => window.bell.client.start());
  await page.locator('.message').getByText('signed out').waitFor();
  await titlesAre(page, []);
  assert.equal(await badge(page), '');
  assert.equal(await page.locator('.panel .count:visible').count(), 0);
  await page.unroute('**/v1/stream?*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await titlesAre(page, ['Private']);
  await badgeIs(page, '1');
});

withPage('a list that cannot be loaded says so and can be asked for again', async (page) => {
  await stack.notify(user, 'There');
  await badgeIs(page, '1');
  await page.route('**/v1/notifications?*', (route) => route.fulfill({
    status: 404, contentType: 'application/problem+json', headers: { 'access-control-allow-origin': app.origin, 'access-control-allow-credentials': 'true' },
    body: JSON.stringify({ title: 'Gone', status: 404, detail: 'no such list' }),
  }));
  await open(page);
  await page.getByText('no such list').waitFor();
  await page.unroute('**/v1/notifications?*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await titlesAre(page, ['There']);
});

withPage('an edge that gives no answer is named, and the words of the browser are not shown', async (page) => {
  await stack.notify(user, 'There');
  await badgeIs(page, '1');
  await page.clock.install(); // five attempts, with pauses
  await page.route('**/v1/notifications?*', (route) => route.abort());
  await open(page);
  await until('it has given up', async () => {
    await page.clock.runFor(5_000);
    return page.locator('.message h3').getByText('This could not be loaded').isVisible();
  });
  assert.equal(await page.locator('.message p').textContent(), 'UNREACHABLE');
});

// ---- Keys only, and what a screen reader gets

withPage('a keyboard is enough', async (page) => {
  for (const title of ['First', 'Second', 'Third']) {
    await stack.notify(user, title);
  }
  await badgeIs(page, '3');
  const focused = () => page.evaluate(() => {
    const element = window.bell.shadowRoot.activeElement;
    return element?.getAttribute('aria-label') || element?.textContent || '';
  });
  const key = (name) => page.keyboard.press(name);
  await page.evaluate(() => window.bell.focus());
  await key('Enter');
  await titlesAre(page, ['Third', 'Second', 'First']);
  await key('Tab');
  assert.equal(await focused(), 'Mark all as read');
  for (const name of ['Settings', 'All', 'Unread3', 'Archived']) {
    await key('Tab');
    assert.equal(await focused(), name);
  }
  await key('Tab');
  assert.match(await focused(), /Third$/);
  await key('ArrowDown');
  assert.match(await focused(), /Second$/);
  await key('End');
  assert.match(await focused(), /First$/);
  await key('Home');
  assert.match(await focused(), /Third$/);
  await key('ArrowDown');
  await key('Tab');
  assert.equal(await focused(), 'Mark as read');
  await key('Enter');
  await badgeIs(page, '2');
  await until('the focus is where it was', async () => /^Mark as|Second$/.test(await focused()));
  await key('Tab');
  await key('Tab');
  await key('Tab');
  await page.locator('.panel').press('Home');
  await key('Escape');
  await page.waitForSelector('belfry-bell:not([open])');
  assert.match(await focused(), /^Notifications/);
});

withPage('focus goes to a neighbour when its row leaves', async (page) => {
  for (const title of ['First', 'Second', 'Third']) {
    await stack.notify(user, title);
  }
  await open(page);
  await titlesAre(page, ['Third', 'Second', 'First']);
  await rows(page).nth(1).getByRole('button', { name: 'Archive' }).focus();
  await page.keyboard.press('Enter');
  await titlesAre(page, ['Third', 'First']);
  assert.match(await page.evaluate(() => window.bell.shadowRoot.activeElement.textContent), /First$/);
});

for (const [name, options, context] of [
  ['light', {}, {}],
  ['dark', {}, { colorScheme: 'dark' }],
  ['right to left', { lang: 'ar', dir: 'rtl' }, {}],
  ['narrow', {}, { viewport: { width: 390, height: 720 } }],
  // Of what the browser forces axe sees the colour from before, so this is about what is not adjusted.
  ['forced colours', {}, { forcedColors: 'active' }],
]) {
  withPage(`axe finds nothing: ${name}`, options, async (page) => {
    await page.emulateMedia({ colorScheme: context.colorScheme ?? 'light', forcedColors: context.forcedColors ?? null, reducedMotion: 'reduce' });
    await page.setViewportSize(context.viewport ?? { width: 1000, height: 740 });
    const check = async (what) => {
      // Through the debugger, as an extension would: the page's policy holds for the page.
      const found = await page.evaluate(`${AXE}; axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      }).then(({ violations, passes }) => ({
        passes: passes.length,
        violations: violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ') + ' ' + n.failureSummary).join('; ')),
      }))`);
      assert.deepEqual(found.violations, [], what);
      assert.ok(found.passes > 10, what);
    };
    await stack.notify(user, 'Deploy to production failed', {
      kind: 'build.failed', level: 'error', body: 'Step “migrate” exited with 1.', actionUrl: 'https://example.com/',
      meta: { actions: [{ label: 'View log', url: 'https://example.com/log' }, { label: 'Retry' }] },
    });
    await stack.notify(user, 'Ada commented', { actorId: 'Ada Lovelace', level: 'warning', collapseKey: 'x' });
    await stack.notify(user, 'Order paid', { level: 'success' });
    await page.locator('.toast').nth(2).waitFor();
    await check('toasts');
    await page.evaluate(() => { window.bell.open = true; });
    await rows(page).nth(2).waitFor();
    await check('drawer');
    await rows(page).first().hover();
    await rows(page).first().locator('.archive').click();
    await page.locator('.snack').waitFor();
    await check('undo');
    await page.locator('.settings').click();
    await page.locator('.switch').first().waitFor();
    await check('preferences');
    await publishMany(120);
    await until('the badge is full', async () => (await badge(page)).endsWith('+'));
    await page.evaluate(() => { window.bell.open = false; });
    await check('a badge of more than is shown');
  });
}

// ---- The pictures of README.md: BELFRY_PICTURES=docs/images node --test tests/browser/widget_test.mjs

const SHOWN = [
  ['Version 2.14 is out', { kind: 'release.published', body: 'Faster search, keyboard shortcuts, and a dark mode.' }, 2_900],
  ['You have used 90% of this month’s storage', { kind: 'quota.near', level: 'warning', body: 'Uploads stop at 100 GB. Upgrade, or delete old exports to make room.' }, 190],
  ['Tomás Oliveira invited you to “Billing”', { kind: 'invite.created', actorId: 'Tomás Oliveira', meta: { actions: [{ label: 'Accept' }, { label: 'Decline' }] } }, 75],
  ['Order #4711 was paid', { kind: 'order.paid', level: 'success', body: '€ 1,284.00 from Lindqvist & Söner AB' }, 26],
  ['Deploy to production failed', { kind: 'build.failed', level: 'error', body: 'Step “migrate” exited with 1 after 43 s.', meta: { actions: [{ label: 'View log', url: 'https://ci.example.com/8123' }, { label: 'Retry' }] } }, 4],
  ['Priya Raman commented on “Q4 pricing page”', { kind: 'comment.created', actorId: 'Priya Raman', body: 'Could we move the annual toggle above the fold? It tested better in both rounds.', actionUrl: '/docs/pricing' }, 0],
];

for (const [name, colorScheme, width, height] of [
  ['light', 'light', 960, 700], ['dark', 'dark', 960, 700], ['narrow', 'light', 400, 700],
]) {
  withPage(`a picture of it: ${name}`, {
    options: { kinds: [{ kind: 'comment.', label: 'Comments' }, { kind: 'build.', label: 'Builds' }, { kind: 'order.', label: 'Orders' }] },
  }, async (page) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height });
    const ages = new Map();
    for (const [title, fields, minutes] of SHOWN) {
      ages.set(await stack.notify(user, title, fields), minutes * 60_000);
    }
    // As if they had come over the last days.
    await page.route('**/v1/notifications?*', async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      json.notifications.forEach((n) => { n.createdAt = new Date(Date.parse(n.createdAt) - ages.get(n.id)).toISOString(); });
      await route.fulfill({ response, json });
    });
    await badgeIs(page, '6');
    await page.evaluate(() => { window.bell.open = true; });
    await until('the list is there', async () => await rows(page).count() === SHOWN.length);
    await tool(page, 'Version 2.14', 'Mark as read');
    await badgeIs(page, '5');
    await page.locator('.snack').evaluate((element) => { element.hidden = true; });
    await page.locator('.panel').focus();
    await page.locator('.scroller').evaluate((element) => { element.scrollTop = 0; });
    await page.mouse.move(2, 2);
    const folder = process.env.BELFRY_PICTURES;
    const picture = await page.screenshot(folder ? { path: `${folder}/bell-${name}.png` } : {});
    assert.ok(picture.length > 10_000);
  });
}
