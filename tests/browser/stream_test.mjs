// SPDX-License-Identifier: Apache-2.0
// A native EventSource in a real browser: what it receives, and what it receives after its edge died.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Stack, until } from '../support/node/stack.mjs';
import { blankPage, listen, openBrowser, seen } from './chromium.mjs';

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

const ids = (notifications) => notifications.map((notification) => notification.id);

async function connectedPage(user, connections = 1) {
  const page = await blankPage(browser.context, origin, stack.token(user));
  await listen(page);
  await until('the stream is open', async () => (await seen(page)).connected.length >= connections);
  return page;
}

test('shows a notification as it was published', async () => {
  const page = await connectedPage('alice');
  const title = 'Grüße, "alice" \u2028 <b>& co</b>';
  const id = await stack.notify('alice', title, { body: 'one\ntwo\r\nthree', level: 'warning', meta: { n: 1 } });
  const { notifications, connected } = await until('it arrives', async () => {
    const all = await seen(page);
    return all.notifications.length > 0 && all;
  });
  assert.equal(connected[0].userId, 'alice');
  assert.equal(notifications[0].id, id);
  assert.equal(notifications[0].title, title);
  assert.equal(notifications[0].body, 'one\ntwo\r\nthree');
  assert.equal(notifications[0].level, 'warning');
  assert.deepEqual(notifications[0].meta, { n: 1 });
  assert.equal(notifications[0].cursor, id);
  await page.close();
});

test('is told nothing of another user', async () => {
  const page = await connectedPage('bob');
  await stack.notify('mallory', 'not for bob');
  const id = await stack.notify('bob', 'for bob');
  const { notifications } = await until('it arrives', async () => {
    const all = await seen(page);
    return all.notifications.length > 0 && all;
  });
  assert.deepEqual(ids(notifications), [id]);
  await page.close();
});

// Publishes without a pause while its edge is killed and comes back, twice.
test('misses nothing and sees nothing twice when its edge dies and returns', async () => {
  const page = await connectedPage('carol');
  const published = [];
  let more = true;
  const publisher = (async () => {
    while (more) published.push(await stack.notify('carol', `number ${published.length}`));
  })();
  try {
    for (let round = 1; round <= 2; round++) {
      const start = (await seen(page)).notifications.length;
      await until('some arrive', async () => (await seen(page)).notifications.length >= start + 20);
      const missed = published.length;
      await stack.kill('edge-1');
      await until('some are missed', () => published.length >= missed + 20);
      await stack.revive('edge-1');
      await until('the browser is back', async () => (await seen(page)).connected.length === round + 1);
    }
  } finally {
    more = false;
    await publisher;
  }
  const last = published.at(-1);
  const all = await until('the last arrives', async () => {
    const now = await seen(page);
    return now.notifications.at(-1)?.id === last && now;
  });
  assert.deepEqual(ids(all.notifications), published);
  assert.deepEqual(all.resets, []);
  await page.close();
});

test('catches up from the cursor that a new page gives in the query', async () => {
  const first = await connectedPage('dave');
  const cursor = (await seen(first)).connected[0].cursor;
  await first.close();
  const published = [await stack.notify('dave', 'one'), await stack.notify('dave', 'two')];
  const page = await blankPage(browser.context, origin, stack.token('dave'));
  await listen(page, `/v1/stream?lastEventId=${cursor}`);
  const { notifications } = await until('both arrive', async () => {
    const all = await seen(page);
    return all.notifications.length >= 2 && all;
  });
  assert.deepEqual(ids(notifications), published);
  await page.close();
});
