// SPDX-License-Identifier: Apache-2.0
// What every engine has to do with the bell on a company's page: connect, resume, share one stream
// among tabs, and agree with another device. firefox_test.mjs and webkit_test.mjs give the browser;
// everything else is tested in Chromium.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Stack, until } from '../support/node/stack.mjs';
import { App } from './app.mjs';

// What has come is kept in window.got, and the policy's violations in window.violations.
const WATCH = `window.got = []; window.errors = [];
  addEventListener('error', (event) => window.errors.push(event.message));
  queueMicrotask(() => bell.client.on('notification', ({ notification }) => window.got.push(notification.id)));`;

// `openBrowser` as in firefox.mjs.
export function testEngine(openBrowser) {
  let app;
  let stack;
  let browser;

  before(async () => {
    app = await App.start();
    stack = await Stack.start({ edges: 1, edgeArgs: ['--edge-cors-origins', app.origin, '--edge-retry', '500ms'] });
    app.edge = `http://${stack.edges[0].http}`;
    app.token = (name) => stack.token(name);
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await stack?.stop();
    await app?.stop();
  });

  const snapshot = (tab) => tab.run(() => window.bell.client.getSnapshot());
  const got = (tab) => tab.run(() => window.got);
  const badge = (tab) => tab.run(() => {
    const element = window.bell.shadowRoot.querySelector('.badge');
    return element.hidden ? '' : element.dataset.count;
  });
  const badgeIs = (tab, text) => until(`the badge says "${text}"`, async () => await badge(tab) === text);
  const titles = (tab) => tab.run(() => [...window.bell.shadowRoot.querySelectorAll('.panel .item .title > :last-child')]
    .map((element) => element.textContent));
  const titlesAre = (tab, expected) => until(`the list is ${expected}`, async () => String(await titles(tab)) === String(expected));
  const isOpen = (tab, open) => until(`the drawer is ${open ? 'open' : 'closed'}`,
    async () => await tab.run(() => window.bell.open) === open);

  async function openTab(user, from = browser) {
    const tab = await from.openTab(app.url(user, { after: WATCH }));
    await until('it is live', async () => (await snapshot(tab)).state === 'live', 40_000);
    return tab;
  }

  // Where `selector` is in the bell.
  async function press(tab, selector) {
    const [x, y] = await tab.run((wanted) => {
      const { left, top, width, height } = window.bell.shadowRoot.querySelector(wanted).getBoundingClientRect();
      return [left + width / 2, top + height / 2];
    }, selector);
    await tab.press(x, y);
  }

  async function streams() {
    const metrics = await fetch(`http://${stack.edges[0].admin}/metrics`).then((answer) => answer.text());
    return Number(/^belfry_edge_streams (\d+)/m.exec(metrics)[1]);
  }

  async function close(...tabs) {
    for (const tab of tabs) {
      assert.deepEqual(await tab.run(() => [window.violations, window.errors]), [[], []]);
      await tab.close();
    }
    await until('no stream is left', async () => await streams() === 0);
  }

  test('connects, counts, shows a toast, and opens and closes its drawer', async () => {
    const tab = await openTab('alice');
    await stack.notify('alice', 'Lunch?', { body: 'At noon.' });
    await badgeIs(tab, '1');
    await until('there is a toast', () => tab.run(() => window.bell.shadowRoot.querySelector('.toast .body')?.textContent === 'At noon.'));
    await press(tab, '.bell');
    await isOpen(tab, true);
    await titlesAre(tab, ['Lunch?']);
    await tab.press(20, 400);
    await isOpen(tab, false);
    await press(tab, '.bell');
    await isOpen(tab, true);
    await press(tab, '.bell');
    await isOpen(tab, false);
    await close(tab);
  });

  test('misses nothing when its edge dies under load and returns', async () => {
    const tab = await openTab('bob');
    const published = [];
    let more = true;
    const publisher = (async () => {
      while (more) published.push(await stack.notify('bob', `number ${published.length}`));
    })();
    try {
      await until('some arrive', async () => (await got(tab)).length >= 10);
      await stack.kill('edge-1');
      const missed = published.length;
      await until('it notices', async () => (await snapshot(tab)).state !== 'live');
      await until('some are missed', () => published.length >= missed + 10);
      await stack.revive('edge-1');
      await until('it is back', async () => (await snapshot(tab)).state === 'live', 40_000);
    } finally {
      more = false;
      await publisher;
    }
    await until('the last arrives', async () => (await got(tab)).at(-1) === published.at(-1));
    assert.deepEqual(await got(tab), published);
    assert.equal((await snapshot(tab)).counts.unreadCount, published.length);
    await close(tab);
  });

  test('three tabs have one stream, and one of them goes on with it', async () => {
    const tabs = [await openTab('carol'), await openTab('carol'), await openTab('carol')];
    const leaders = async (among) => {
      const all = await Promise.all(among.map(snapshot));
      assert.ok(all.every(({ shared }) => shared), 'they share');
      return among.filter((_, index) => all[index].leader);
    };
    const allHave = (among, ids) => until('all have it', async () =>
      (await Promise.all(among.map(got))).every((all) => String(all) === String(ids)), 40_000);
    const ids = [];
    await until('one leads', async () => (await leaders(tabs)).length === 1 && await streams() === 1);
    ids.push(await stack.notify('carol', 'one'));
    await allHave(tabs, ids);
    const [leader] = await leaders(tabs);
    const rest = tabs.filter((tab) => tab !== leader);
    await leader.close();
    ids.push(await stack.notify('carol', 'two'));
    await until('another leads', async () => (await leaders(rest)).length === 1, 40_000);
    ids.push(await stack.notify('carol', 'three'));
    await allHave(rest, ids);
    for (const tab of rest) await badgeIs(tab, '3');
    assert.equal(await streams(), 1);
    await close(...rest);
  });

  test('what is read here is read on another device', async () => {
    const device = await openBrowser();
    try {
      const here = await openTab('dave');
      const there = await openTab('dave', device);
      await stack.notify('dave', 'First');
      await stack.notify('dave', 'Second');
      for (const tab of [here, there]) await badgeIs(tab, '2');
      await press(here, '.bell');
      await titlesAre(here, ['Second', 'First']);
      await press(here, '.panel .readAll');
      for (const tab of [here, there]) await badgeIs(tab, '');
      await press(there, '.bell');
      await titlesAre(there, ['Second', 'First']);
      assert.equal(await there.run(() => window.bell.shadowRoot.querySelectorAll('.panel .item.unread').length), 0);
      await close(here, there);
    } finally {
      await device.close();
    }
  });
}
