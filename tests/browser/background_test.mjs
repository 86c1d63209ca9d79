// SPDX-License-Identifier: Apache-2.0
// Tabs that are really behind another one, and that Chromium freezes. Playwright keeps every page in
// front, so Puppeteer drives this.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import puppeteer from 'puppeteer-core';

import { sleep, Stack, until } from '../support/node/stack.mjs';
import { App } from './app.mjs';

const WATCH = `window.got = [];
  queueMicrotask(() => bell.client.on('notification', ({ notification }) => window.got.push(notification.id)));`;

let app;
let stack;
let browser;

before(async () => {
  app = await App.start();
  stack = await Stack.start({ edges: 1, edgeArgs: ['--edge-cors-origins', app.origin] });
  app.edge = `http://${stack.edges[0].http}`;
  app.token = (name) => stack.token(name);
  browser = await puppeteer.launch({
    executablePath: process.env.BELFRY_CHROMIUM ?? '/usr/bin/chromium', headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

after(async () => {
  await browser?.close();
  await stack?.stop();
  await app?.stop();
});

const snapshot = (page) => page.evaluate(() => window.bell.client.getSnapshot());
const leads = async (page) => (await snapshot(page)).leader;
const visibility = (page) => page.evaluate(() => document.visibilityState);
const have = (pages, ids) => until(`all have ${ids}`, async () =>
  (await Promise.all(pages.map((page) => page.evaluate(() => window.got)))).every((got) => String(got) === String(ids)));

async function openTab(user, options = {}) {
  const page = await browser.newPage();
  await page.goto(app.url(user, { options, after: WATCH }));
  await until('it is live', async () => (await snapshot(page)).state === 'live');
  return page;
}

async function streams() {
  const metrics = await fetch(`http://${stack.edges[0].admin}/metrics`).then((answer) => answer.text());
  return Number(/^belfry_edge_streams (\d+)/m.exec(metrics)[1]);
}

test('the stream goes to the tab in front', async () => {
  const first = await openTab('alice');
  const second = await openTab('alice');
  await until('the second leads', () => leads(second));
  await first.bringToFront();
  assert.deepEqual([await visibility(first), await visibility(second)], ['visible', 'hidden']);
  await until('the first leads', () => leads(first));
  await until('the second follows', async () => !await leads(second));
  const id = await stack.notify('alice', 'x');
  await have([first, second], [id]);
  assert.equal(await streams(), 1);
  await first.close();
  await second.close();
});

test('what a drawer shows behind another tab has not been seen', async () => {
  const behind = await openTab('erin', { badge: 'unseen' });
  await behind.evaluate(() => { window.bell.open = true; });
  const front = await openTab('erin', { badge: 'unseen' });
  await front.bringToFront();
  assert.deepEqual([await visibility(behind), await visibility(front)], ['hidden', 'visible']);
  const badges = () => Promise.all([behind, front].map((page) => page.evaluate(() => {
    const { hidden, dataset } = window.bell.shadowRoot.querySelector('.badge');
    return hidden ? '' : dataset.count;
  })));
  await stack.notify('erin', 'Not yet seen');
  await until('both count it', async () => String(await badges()) === '1,1');
  await sleep(2000); // four times as long as the drawer waits before it says so
  assert.deepEqual(await badges(), ['1', '1']);
  await behind.bringToFront();
  await until('it has been seen', async () => String(await badges()) === ',');
  await behind.close();
  await front.close();
});

test('a leader that the browser freezes holds nothing, and catches up when it is thawed', async () => {
  const leader = await openTab('bob');
  const front = await browser.newPage();
  await front.bringToFront();
  assert.ok(await leads(leader));
  const follower = await openTab('bob');
  await front.bringToFront(); // both are behind it
  await until('one leads', async () => await leads(leader) !== await leads(follower));
  const [frozen, other] = await leads(leader) ? [leader, follower] : [follower, leader];

  const debug = await frozen.createCDPSession();
  await debug.send('Page.setWebLifecycleState', { state: 'frozen' });
  await until('the other leads', () => leads(other));
  const during = await stack.notify('bob', 'during');
  await have([other], [during]);
  await until('there is one stream', async () => await streams() === 1);

  await debug.send('Page.setWebLifecycleState', { state: 'active' });
  // What the other tab has heard meanwhile is said here too.
  await have([frozen], [during]);
  const unread = (page, count) => until(`${count} are unread`, async () => (await snapshot(page)).counts.unreadCount === count);
  await unread(frozen, 1);
  const afterwards = await stack.notify('bob', 'after');
  await have([other], [during, afterwards]);
  await have([frozen], [during, afterwards]);
  await unread(frozen, 2);
  await until('one leads', async () => await leads(frozen) !== await leads(other));
  assert.equal(await streams(), 1);
  for (const page of [frozen, other, front]) await page.close();
});

const listed = (page) => page.evaluate(() => window.list.getSnapshot().items.map(({ id, readAt }) => (readAt ? `${id} read` : id)));
const listIs = (page, ids) => until(`the list is ${ids}`, async () => String(await listed(page)) === String(ids));

test('a tab that is frozen while another leads has all of it when it is thawed', async () => {
  const pages = [await openTab('carol'), await openTab('carol')];
  const leader = pages[1];
  await until('the tab in front leads', () => leads(leader));
  const follower = pages[0];
  await until('the other follows', async () => !await leads(follower));
  await follower.evaluate(() => { window.list = window.bell.client.list(); });
  const before = await stack.notify('carol', 'before');
  await have(pages, [before]);
  await listIs(follower, [before]);

  const debug = await follower.createCDPSession();
  const setState = (state) => debug.send('Page.setWebLifecycleState', { state });
  await setState('frozen');
  const during = [await stack.notify('carol', 'one'), await stack.notify('carol', 'two')];
  await leader.evaluate((id) => window.bell.client.read(id), during[0]);
  await until('it is read', async () => (await snapshot(leader)).counts.unreadCount === 2);
  const requests = [];
  follower.on('request', (request) => requests.push(request.url()));
  await setState('active');
  await have([follower], [before, ...during]);
  await listIs(follower, [during[1], `${during[0]} read`, before]);
  assert.deepEqual(requests, [], 'the leader had it all');

  // More than the leader keeps: all of it is counted and listed, and not said one by one.
  await setState('frozen');
  const many = [];
  for (let n = 0; n < 60; n++) many.push(await stack.notify('carol', `number ${n}`));
  await until('the leader has them', async () => (await snapshot(leader)).counts.unreadCount === 62);
  await setState('active');
  await until('they are counted', async () => (await snapshot(follower)).counts.unreadCount === 62);
  await listIs(follower, [...many].reverse().concat(during[1], `${during[0]} read`, before).slice(0, 63));
  const later = await stack.notify('carol', 'later');
  await have([follower], [before, ...during, later]);
  assert.equal(await streams(), 1);
  for (const page of pages) await page.close();
});
