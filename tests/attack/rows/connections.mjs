// SPDX-License-Identifier: Apache-2.0
// Connections and bodies that strangers hold so that nobody else gets any.
import { latencies, ms, quantile, timed } from '../tools/measure.mjs';
import { Stream } from '../tools/stream.mjs';
import { judged, table } from '../tools/table.mjs';
import { ask, exchange, request, Wire } from '../tools/wire.mjs';
import { sleep, until } from '../victim.mjs';

const DESCRIPTORS = 1024;
const SLOW_MS = 4000; // without a bound on idle ones it takes their timeout, 5 s

const open = (address, from) => Wire.open(address, { from }).catch(() => null);

async function openIdle(address, from) {
  return (await Promise.all(from.map((one) => open(address, one)))).filter(Boolean);
}

// The same, and each that is closed is opened again until stop().
async function keepIdle(address, from) {
  const wires = await Promise.all(from.map((one) => open(address, one)));
  const timer = setInterval(() => {
    wires.forEach((wire, at) => {
      if (wire && !wire.closed) return;
      wires[at] = null;
      open(address, from[at]).then((again) => { wires[at] = again; });
    });
  }, 500);
  return { stop: () => { clearInterval(timer); for (const wire of wires) wire?.destroy(); } };
}

// Whether a stream can be opened from an address of its own, and the admin port answers.
async function stillServes(victim, edge) {
  const stream = await timed(() => Stream.open(edge.http, victim.bearer('alice'), { from: '127.0.0.9' }).catch(() => ({ status: 0, close() {} })));
  const livez = await timed(() => ask(edge.admin, 'GET', '/livez', {}, '', { from: '127.0.0.9', ms: SLOW_MS }).catch(() => ({ status: 0 })));
  stream.value.close();
  const safe = stream.value.status === 200 && livez.value.status === 200 && stream.ms < SLOW_MS && livez.ms < SLOW_MS;
  return judged(safe, `a stream: ${stream.value.status} in ${ms(stream.ms)}, /livez: ${livez.value.status} in ${ms(livez.ms)}`);
}

async function idle(victim, from) {
  return victim.with('edge', [], async (edge) => {
    const attack = await keepIdle(edge.http, from);
    const result = await stillServes(victim, edge);
    attack.stop();
    return result;
  }, { limits: [`--nofile=${DESCRIPTORS}`] });
}

const fromOne = (victim) => idle(victim, Array.from({ length: 1500 }, () => '127.0.0.7'));
const fromMany = (victim) => idle(victim, Array.from({ length: 1500 }, (_, i) => `127.0.${1 + (i % 60)}.7`));

async function idleAdmin(victim) {
  const cases = Object.entries(victim.admins).map(([what, address]) => ({ what, address }));
  return table(cases, async ({ address }) => {
    const wires = await openIdle(address, Array.from({ length: 100 }, () => '127.0.0.7'));
    const { value, ms: took } = await timed(() => ask(address, 'GET', '/livez', {}, '', { ms: SLOW_MS, from: '127.0.0.9' }).catch(() => ({ status: 0 })));
    for (const wire of wires) wire.destroy();
    return value.status === 200 ? '' : `/livez answered ${value.status} after ${ms(took)}`;
  });
}

// A refusal ends the connection: strangers keep none.
async function kept(victim) {
  const cases = [
    { what: 'edge, no token', address: victim.edge, target: '/v1/notifications' },
    { what: 'edge, no such path', address: victim.edge, target: '/v1/nothing' },
    { what: 'ingest, no key', address: victim.ingest.http, target: '/v1/users/alice/counts' },
  ];
  return table(cases, async ({ address, target }) => {
    const { answers, closed } = await exchange(address, request('GET', target, { Connection: 'keep-alive' }), { ms: 1000 });
    if (answers.length !== 1) return `${answers.length} answers`;
    return closed ? '' : `answered ${answers[0].status} and kept the connection`;
  });
}

// Connections that have sent all of a body but its end: large ones until one is refused, then smaller
// ones into the room that is left.
async function hoardBodies(victim, fields) {
  return victim.with('ingest', [], async (ingest) => {
    const wires = [];
    for (const size of [4 << 20, 1 << 20, 128 << 10, 16 << 10, 4 << 10]) {
      for (let i = 0, refused = false; i < 24 && !refused; i++) {
        const wire = await Wire.open(ingest.http);
        wires.push(wire);
        await wire.send(request('POST', '/v1/notify/batch', { ...fields, 'Content-Type': 'application/json', 'Content-Length': size }));
        await Promise.race([wire.send(Buffer.alloc(size - 1, 0x20)), sleep(1000)]);
        refused = await wire.wait(() => false, 30);
      }
    }
    const statuses = [];
    for (let i = 0; i < 20; i++) statuses.push(await publishInPieces(victim, ingest));
    for (const wire of wires) wire.destroy();
    const good = statuses.filter((status) => status === 200).length;
    return judged(good === statuses.length, `${good} of ${statuses.length} honest publishes were taken` +
      (good < statuses.length ? `, others answered ${statuses.find((status) => status !== 200)}` : ''));
  });
}

// A publish to many whose body comes after its head, as from a slow network.
async function publishInPieces(victim, ingest) {
  const body = JSON.stringify({ userIds: Array.from({ length: 100 }, (_, i) => `${i}-${'u'.repeat(100)}`), title: 'honest' });
  const fields = { ...victim.key('all'), 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  const { answers } = await exchange(ingest.http, request('POST', '/v1/notify', fields), { ms: 10_000, pieces: [body] });
  return answers[0]?.status ?? 0;
}

const bodiesOfStrangers = (victim) => hoardBodies(victim, {});
const bodiesOfARival = (victim) => hoardBodies(victim, victim.key('rival'));

// 400 who are idle, 400 who never read, and 50 who are honest.
async function neighbours(victim) {
  return victim.with('edge', [], async (edge) => {
    const users = Array.from({ length: 50 }, (_, i) => `honest-${i}`);
    const honest = await Promise.all(users.map((user) => Stream.open(edge.http, victim.bearer(user))));
    let round = 0;
    // From a publish to its arrival at the user's stream.
    const deliver = async () => {
      const at = round++ % users.length;
      const title = `to ${users[at]}, ${round}`;
      await victim.publish({ userId: users[at], title });
      await honest[at].titled(title, 20_000);
    };
    const alone = await latencies(deliver, Promise.resolve(), 400);
    const idlers = await openIdle(edge.http, Array.from({ length: 400 }, () => '127.0.0.7'));
    const readers = await Promise.all(Array.from({ length: 400 }, (_, i) => (
      Stream.open(edge.http, victim.bearer(`deaf-${i % 100}`), { hold: true, from: '127.0.0.8' }))));
    // More for each than its stream may hold unsent.
    for (let i = 0; i < 100; i++) {
      const items = Array.from({ length: 100 }, (_, at) => ({ userId: `deaf-${at}`, title: 'a flood', body: 'x'.repeat(4000) }));
      await victim.post('/v1/notify/batch', items);
    }
    const during = await latencies(deliver, Promise.resolve(), 400);
    const left = honest.filter((stream) => !stream.closed).length;
    for (const one of [...idlers]) one.destroy();
    for (const one of [...readers, ...honest]) one.close();
    const [before, meanwhile] = [quantile(alone, 0.99), quantile(during, 0.99)];
    return judged(left === honest.length && meanwhile <= Math.max(2 * before, before + 100),
      `p99 from publish to arrival: alone ${ms(before)}, with them ${ms(meanwhile)}; ${left} of 50 honest streams stayed`);
  });
}

// An address that a stranger claims in a header is not theirs, unless a proxy of ours says so.
async function spoofed(victim) {
  return victim.with('edge', ['--edge-streams-per-address-max', '3'], async (edge) => {
    const names = ['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'CF-Connecting-IP'];
    const streams = [];
    for (let i = 0; i < 12; i++) {
      const claimed = Object.fromEntries(names.map((name) => [name, name === 'Forwarded' ? `for=10.0.0.${i}` : `10.0.0.${i}`]));
      streams.push(await Stream.open(edge.http, { ...victim.bearer(`spoofing-${i}`), ...claimed }, { from: '127.0.0.7' }));
    }
    const other = await Stream.open(edge.http, victim.bearer('neighbour'), { from: '127.0.0.9' });
    const admitted = streams.filter((stream) => stream.blocks.some(({ event }) => event === 'connected')).length;
    const welcome = other.blocks.some(({ event }) => event === 'connected');
    for (const stream of [...streams, other]) stream.close();
    return judged(admitted === 3 && welcome, `${admitted} of 12 were admitted; another address was ${welcome ? 'admitted' : 'turned away'}`);
  });
}

// Caps whose defaults leave something for the others.
async function caps(victim) {
  const { output } = await victim.stack.attempt('edge', ['--print-config']);
  const of = (name) => Number(new RegExp(`^${name}\\s*=\\s*"?(\\d+)`, 'm').exec(output)?.[1]);
  const [process, project, address] = ['edge_streams_max', 'edge_streams_per_project_max', 'edge_streams_per_address_max'].map(of);
  return judged(address < project && project < process, `address ${address}, project ${project}, process ${process}`);
}

// Names that strangers choose must not become labels.
async function cardinality(victim) {
  const lines = async () => {
    const texts = await Promise.all(Object.values(victim.admins).map((admin) => ask(admin, 'GET', '/metrics')));
    return texts.reduce((sum, { text }) => sum + text.split('\n').length, 0);
  };
  const probe = async (i) => {
    await Promise.all([
      ask(victim.edge, 'GET', `/v1/${i}`, victim.bearer(`user-${i}`)), ask(victim.edge, `M${i}`, '/v1/counts', victim.bearer('alice')),
      ask(victim.edge, 'GET', '/v1/counts', victim.bearer(`user-${i}`)), ask(victim.ingest.http, 'GET', `/v1/${i}`, victim.key('all')),
      victim.post('/v1/notify', { userId: `user-${i}`, title: 't', kind: `kind.${i}` }),
    ]);
  };
  await probe('first');
  const before = await lines();
  for (let i = 0; i < 100; i++) await probe(i);
  const after = await lines();
  return judged(after < before + 50, `${before} lines of metrics before, ${after} after 500 requests with new names`);
}

// Everybody who was let in at once, and gone at once.
async function churn(victim) {
  const before = await ask(victim.edge, 'GET', '/v1/counts', victim.bearer('alice'));
  for (let round = 0; round < 5; round++) {
    const streams = await Promise.all(Array.from({ length: 100 }, (_, i) => Stream.open(victim.edge, victim.bearer(`churn-${i}`))));
    for (const stream of streams) stream.close();
  }
  const streams = () => ask(victim.stack.edges[0].admin, 'GET', '/metrics').then(({ text }) => Number(/^belfry_edge_streams (\d+)/m.exec(text)?.[1]));
  const settled = await until('the streams are gone', async () => (await streams()) <= 5, 10_000).catch(() => false);
  return judged(before.status === 200 && settled !== false, `${await streams()} streams are left of 500`);
}

export const connections = [
  {
    name: 'idle-one-address', quick: true,
    tries: '1,500 idle connections from one address, at an edge with 1,024 descriptors',
    expected: 'others still open streams, /livez answers',
    run: fromOne,
  },
  {
    name: 'idle-many-addresses', quick: true,
    tries: '1,500 idle connections from 60 addresses, at an edge with 1,024 descriptors',
    expected: 'the oldest idle one makes room: others still open streams, /livez answers',
    run: fromMany,
  },
  {
    name: 'idle-admin', quick: true,
    tries: '100 idle connections at each admin port',
    expected: '/livez answers',
    run: idleAdmin,
  },
  {
    name: 'refusals-kept', quick: true,
    tries: 'keep-alive with requests that are refused',
    expected: 'the connection ends with the refusal',
    run: kept,
  },
  {
    name: 'bodies-of-strangers', quick: true,
    tries: '24 connections without a key that have sent 4 MiB of a body but its last byte',
    expected: 'refused on the head; every honest publish is taken',
    run: bodiesOfStrangers,
  },
  {
    name: 'bodies-of-a-rival', quick: true,
    tries: "the same with another project's key",
    expected: 'every honest publish is taken',
    run: bodiesOfARival,
  },
  {
    name: 'stream-churn', quick: true,
    tries: '500 streams of 100 users opened and dropped',
    expected: 'nothing is left of them',
    run: churn,
  },
  {
    name: 'caps-isolate', quick: true,
    tries: 'one address or one project takes every stream of an edge with its defaults',
    expected: 'address cap < project cap < process cap',
    run: caps,
  },
  {
    name: 'address-spoofed', quick: true,
    tries: 'one address that claims twelve in X-Forwarded-For and its like, at an edge that allows three streams each',
    expected: 'three streams; another address gets its own',
    run: spoofed,
  },
  {
    name: 'metric-labels', quick: true,
    tries: '500 requests with new users, kinds, methods and paths',
    expected: 'no metric grows by them',
    run: cardinality,
  },
  {
    name: 'bad-neighbours', quick: false,
    tries: '400 idle connections and 400 streams that never read, while 50 users are notified',
    expected: 'the honest p99 is within twice what it is alone',
    run: neighbours,
  },
];
