// SPDX-License-Identifier: Apache-2.0
// The hooks for React, mounted twice by its StrictMode, and for Vue, in a real browser.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { build } from '../../clients/web/node_modules/esbuild/lib/main.js';
import { Stack, until } from '../support/node/stack.mjs';
import { blankPage, openBrowser } from './chromium.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
let stack;
let browser;
let origin;

before(async () => {
  stack = await Stack.start({ edges: 1 });
  browser = await openBrowser();
  origin = `http://${stack.edges[0].http}`;
});

after(async () => {
  await browser?.close();
  await stack?.stop();
});

const REACT = `
  import { createElement as h, StrictMode, useState } from 'react';
  import { createRoot } from 'react-dom/client';
  import { useClient, useList, useSnapshot } from '../../clients/web/src/react.js';

  function Bell() {
    const [filter, setFilter] = useState({});
    const client = useClient({ projectId: 'demo', userId: window.user });
    const { counts, state } = useSnapshot(client);
    const { items } = useList(client, filter);
    Object.assign(window, { client, setFilter });
    return h('p', {}, h('b', {}, counts.unreadCount), h('i', {}, state), h('ul', {}, items.map(({ id, title }) => h('li', { key: id }, title))));
  }

  const root = createRoot(document.body);
  root.render(h(StrictMode, {}, h(Bell)));
  window.unmount = () => root.unmount();`;

const VUE = `
  import { createApp, h, shallowRef } from 'vue';
  import { useClient, useList, useSnapshot } from '../../clients/web/src/vue.js';

  const app = createApp({
    setup() {
      const filter = shallowRef({});
      const client = useClient({ projectId: 'demo', userId: window.user });
      const snapshot = useSnapshot(client);
      const list = useList(client, () => filter.value);
      Object.assign(window, { client, setFilter: (next) => { filter.value = next; } });
      return () => h('p', {}, [h('b', snapshot.value.counts.unreadCount), h('i', snapshot.value.state),
        h('ul', {}, list.snapshot.value.items.map(({ id, title }) => h('li', { key: id }, title)))]);
    },
  });
  app.mount(document.body);
  window.unmount = () => app.unmount();`;

async function bundle(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: path('.') }, bundle: true, write: false, format: 'esm',
    nodePaths: [path('./node_modules')], external: ['*.lazy.js'], logLevel: 'silent',
    define: { 'process.env.NODE_ENV': '"development"', __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
  });
  return outputFiles[0].text;
}

async function streams() {
  const metrics = await fetch(`http://${stack.edges[0].admin}/metrics`).then((answer) => answer.text());
  return Number(/^belfry_edge_streams (\d+)/m.exec(metrics)[1]);
}

const shows = (page, selector, text) => until(`${selector} is ${text}`, async () =>
  (await page.locator(selector).allTextContents()).join(' ') === text);

for (const [name, contents] of [['React, strictly', REACT], ['Vue', VUE]]) {
  test(`${name}: counts, lists, filters, and one stream as long as it is there`, async () => {
    const user = name.slice(0, 3);
    const errors = [];
    const page = await blankPage(browser.context, origin, stack.token(user));
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.evaluate((who) => { window.user = who; }, user);
    const first = await stack.notify(user, 'one');
    await page.addScriptTag({ type: 'module', content: await bundle(contents) });
    await shows(page, 'i', 'live');
    await shows(page, 'b', '1');
    await shows(page, 'li', 'one');
    await stack.notify(user, 'two');
    await shows(page, 'b', '2');
    await shows(page, 'li', 'two one');
    await page.evaluate((id) => window.client.read(id), first);
    await shows(page, 'b', '1');
    await page.evaluate(() => window.setFilter({ unread: true }));
    await shows(page, 'li', 'two');
    assert.equal(await streams(), 1);
    await page.evaluate(() => window.unmount());
    await until('its stream is gone', async () => await streams() === 0);
    assert.deepEqual(errors, []);
    await page.close();
  });
}
