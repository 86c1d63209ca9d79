// SPDX-License-Identifier: Apache-2.0
// A tab that runs the headless client as the edge serves it. What the client says is kept in
// window.seen; the client itself is window.client.
import { until } from '../support/node/stack.mjs';

// `options` as createClient's; `tokens`: what getToken gives, in turn, the last one again and again;
// a function makes it then, null: that call fails. Without `tokens` the cookie decides.
export async function openClient(page, { tokens, module = '/belfry.js', name = 'client', ...options }) {
  if (tokens) {
    await page.exposeFunction(`${name}Token`, (turn) => {
      const token = tokens[Math.min(turn, tokens.length - 1)];
      return typeof token === 'function' ? token() : token;
    });
  }
  await page.evaluate(async ([from, key, given, rest]) => {
    const { createClient } = await import(from);
    const asked = [];
    const getToken = !given ? undefined : async ({ expired }) => {
      const token = await window[`${key}Token`](asked.push(expired) - 1);
      if (token === null) throw new Error('no token today');
      return token;
    };
    const client = createClient({ ...rest, getToken });
    const seen = { asked, states: [], notifications: [], resets: [], failed: [], refused: [] };
    client.on('state', ({ state }) => seen.states.push(state));
    client.on('notification', ({ notification }) => seen.notifications.push(notification.id));
    client.on('reset', ({ reason }) => seen.resets.push(reason));
    client.on('failed', (failed) => seen.failed.push(failed));
    client.on('refused', ({ problem }) => seen.refused.push(problem.code));
    window[key] = client;
    window.seen = { ...window.seen, [key]: seen };
    client.start();
  }, [module, name, !!tokens, options]);
}

export const snapshot = (page, name = 'client') => page.evaluate((key) => window[key].getSnapshot(), name);
export const seen = (page, name = 'client') => page.evaluate((key) => window.seen[key], name);

// Until the snapshot has this state, and gives it.
export const inState = (page, state, ms = 20_000, name = 'client') => until(`the state is ${state}`, async () => {
  const now = await snapshot(page, name);
  return now.state === state && now;
}, ms);

export const unread = (page, count, ms = 20_000) => until(`${count} are unread`, async () =>
  (await snapshot(page)).counts.unreadCount === count, ms);

// Opens a list in the page and waits for its first page.
export async function openList(page, filter = {}) {
  await page.evaluate((wanted) => { window.list = window.client.list(wanted); }, filter);
  await until('the list is loaded', async () => (await listed(page)).status === 'ready');
}

export const listed = (page) => page.evaluate(() => {
  const { items, ...rest } = window.list.getSnapshot();
  return { ...rest, ids: items.map(({ id }) => id), unread: items.filter(({ readAt }) => !readAt).map(({ id }) => id) };
});
