// SPDX-License-Identifier: Apache-2.0
// npm's `eventsource`: streams with a bearer token, and resumes by itself when its edge dies.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { EventSource } from 'eventsource';

import { Stack, until } from '../../support/node/stack.mjs';

let stack;

before(async () => {
  stack = await Stack.start({ edges: 2 });
});

after(() => stack?.stop());

function open(user, edge = 0, query = '') {
  const token = stack.token(user);
  const seen = { connected: [], ids: [], cursors: [], resets: [], asked: [] };
  const source = new EventSource(`http://${stack.edges[edge].http}/v1/stream${query}`, {
    fetch: (url, init) => {
      seen.asked.push(init.headers['Last-Event-ID'] ?? '');
      return fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
    },
  });
  source.addEventListener('connected', (event) => seen.connected.push(JSON.parse(event.data)));
  source.addEventListener('reset', (event) => seen.resets.push(JSON.parse(event.data)));
  source.addEventListener('notification', (event) => {
    seen.ids.push(JSON.parse(event.data).id);
    seen.cursors.push(event.lastEventId);
  });
  return { source, seen };
}

test('streams, and resumes with Last-Event-ID after its edge was killed', async () => {
  const { source, seen } = open('alice');
  try {
    await until('the stream is open', () => seen.connected.length === 1);
    const published = [];
    for (let i = 0; i < 10; i++) published.push(await stack.notify('alice', `before ${i}`));
    await until('ten arrive', () => seen.ids.length === 10);
    await stack.kill('edge-1');
    for (let i = 0; i < 10; i++) published.push(await stack.notify('alice', `missed ${i}`));
    await stack.revive('edge-1');
    await until('it is back', () => seen.connected.length === 2);
    published.push(await stack.notify('alice', 'after'));
    await until('all arrive', () => seen.ids.length >= published.length);
    assert.deepEqual(seen.ids, published);
    assert.deepEqual(seen.cursors, published);
    assert.equal(seen.asked.at(-1), published[9]);
    assert.deepEqual(seen.resets, []);
  } finally {
    source.close();
  }
});

test('goes on at another edge from where the first one stopped', async () => {
  const first = open('bob', 0);
  let second;
  try {
    await until('the stream is open', () => first.seen.connected.length === 1);
    const published = [await stack.notify('bob', 'on the first')];
    await until('it arrives', () => first.seen.ids.length === 1);
    first.source.close();
    published.push(await stack.notify('bob', 'in between'));
    second = open('bob', 1, `?last_event_id=${first.seen.cursors[0]}`);
    await until('the stream is open', () => second.seen.connected.length === 1);
    published.push(await stack.notify('bob', 'on the second'));
    await until('both arrive', () => second.seen.ids.length >= 2);
    assert.deepEqual([...first.seen.ids, ...second.seen.ids], published);
  } finally {
    first.source.close();
    second?.source.close();
  }
});

test('is refused for good with a token of another key', async () => {
  const problems = [];
  const source = new EventSource(`http://${stack.edges[0].http}/v1/stream`, {
    fetch: async (url, init) => {
      const token = `${stack.token('alice').split('.').slice(0, 2).join('.')}.${'A'.repeat(43)}`;
      const answer = await fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
      problems.push({ status: answer.status, type: answer.headers.get('content-type'), body: await answer.clone().json() });
      return answer;
    },
  });
  try {
    await until('it gives up', () => source.readyState === EventSource.CLOSED);
    assert.equal(problems.length, 1);
    assert.equal(problems[0].status, 401);
    assert.match(problems[0].type, /^application\/problem\+json/);
    assert.equal(problems[0].body.status, 401);
    assert.match(JSON.stringify(problems[0].body), /signature/i);
  } finally {
    source.close();
  }
});
