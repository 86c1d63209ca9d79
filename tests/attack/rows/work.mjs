// SPDX-License-Identifier: Apache-2.0
// Requests of known callers that cost the others their time.
import { collidingNames } from '../tools/collisions.mjs';
import { latencies, ms, quantile, timed } from '../tools/measure.mjs';
import { Stream } from '../tools/stream.mjs';
import { judged } from '../tools/table.mjs';
import { ask } from '../tools/wire.mjs';
import { sleep } from '../victim.mjs';

// The slowest of honest requests while `attack` runs.
async function slowest(victim, ingest, attack) {
  const honest = () => ask(ingest.http, 'GET', '/v1/users/alice/counts', victim.key('inbox'));
  const alone = await latencies(honest, Promise.resolve(), 50);
  const during = await latencies(honest, attack(), 50);
  return { alone: quantile(alone, 0.99), during: during.at(-1) };
}

// An error for each element, each with the long name in its path.
async function longPaths(victim) {
  return victim.with('ingest', [], async (ingest) => {
    const item = `{"userId":"alice","title":"t","meta":{"${'n'.repeat(500_000)}":[${'1,'.repeat(249_999)}1]}}`;
    let status = 0;
    const attack = async () => {
      ({ status } = await victim.post('/v1/notify/batch', `{"notifications":[${item}]}`, { address: ingest.http }));
    };
    const { alone, during } = await slowest(victim, ingest, attack);
    return judged(status >= 200 && during < Math.max(3000, alone * 20),
      `answered ${status}; an honest request took ${ms(alone)} before (p99) and ${ms(during)} meanwhile (the slowest)`);
  });
}

async function largeBatches(victim) {
  return victim.with('ingest', [], async (ingest) => {
    const meta = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`key-${i}`, { a: [1, 2, 3] }]));
    const batch = JSON.stringify(Array.from({ length: 1000 }, (_, i) => ({ userId: `batch-${i}`, title: 't', meta })));
    const body = batch.slice(0, 4_100_000); // cut off: parsed to its end, then refused
    const attack = () => Promise.all(Array.from({ length: 4 }, () => victim.post('/v1/notify/batch', body, { address: ingest.http })));
    const { alone, during } = await slowest(victim, ingest, attack);
    return judged(during < Math.max(1000, alone * 20),
      `an honest request took ${ms(alone)} before (p99) and ${ms(during)} meanwhile (the slowest)`);
  });
}

// Users whose names have one std::hash.
async function collisions(victim) {
  const batchOf = (names) => names.map((userId) => ({ userId, title: 't' }));
  const publish = async (names) => (await timed(() => victim.post('/v1/notify/batch', batchOf(names)))).ms;
  const benign = (round) => Array.from({ length: 1000 }, (_, i) => `benign-${round}-${i}-${'x'.repeat(110)}`);
  const names = collidingNames(16_000);
  const benignTimes = [];
  const hostileTimes = [];
  for (let round = 0; round < 16; round++) {
    benignTimes.push(await publish(benign(round)));
    hostileTimes.push(await publish(names.slice(round * 1000, (round + 1) * 1000)));
  }
  const median = (times) => quantile([...times.slice(-8)].sort((a, b) => a - b), 0.5);
  const [usual, hostile] = [median(benignTimes), median(hostileTimes)];
  return judged(hostile < Math.max(usual * 4, 250), `1,000 new users take ${ms(usual)}, 1,000 whose hashes collide ${ms(hostile)}`);
}

// One project publishes as fast as it can.
async function noisyProject(victim) {
  const batch = Array.from({ length: 1000 }, (_, i) => ({ userId: `noise-${i}`, title: 't' }));
  const statuses = [];
  const honest = async () => { statuses.push((await victim.post('/v1/notify', { userId: 'alice', title: 'honest' })).status); };
  const alone = await latencies(honest, Promise.resolve(), 50);
  const end = Date.now() + 4000;
  const noise = Promise.all(Array.from({ length: 4 }, async () => {
    while (Date.now() < end) await victim.post('/v1/notify/batch', batch, { key: 'rival' });
  }));
  const during = await latencies(honest, noise, 20);
  const refused = statuses.filter((status) => status !== 201).length;
  const [before, meanwhile] = [quantile(alone, 0.5), quantile(during, 0.5)];
  return judged(refused === 0 && meanwhile < Math.max(before * 50, 1000), `${refused} of ${statuses.length} honest publishes were refused; ` +
    `one took ${ms(before)} before and ${ms(meanwhile)} meanwhile`);
}

// A project publishes until it may store no more.
async function quotas(victim) {
  const batch = Array.from({ length: 200 }, (_, i) => ({ userId: `greedy-${i}`, title: 't', body: 'x'.repeat(2000) }));
  let stored = 0;
  let refused;
  for (let round = 0; round < 20 && !refused; round++) {
    const { status, text } = await victim.post('/v1/notify/batch', batch, { key: 'greedy' });
    if (status !== 200) return judged(false, `a batch was answered ${status}`);
    const { results } = JSON.parse(text);
    stored += results.filter(({ id }) => id).length;
    refused = results.find(({ error }) => error)?.error;
  }
  const honest = await victim.publish({ userId: 'alice', title: 'honest' });
  const alone = await victim.post('/v1/notify', batch[0], { key: 'greedy' });
  return judged(refused?.reason === 'QUOTA_EXCEEDED' && alone.status === 429 && alone.headers['retry-after'] && /^\d+$/.test(honest),
    `${stored} were stored, then ${refused?.reason ?? 'none was refused'}; one alone was answered ${alone.status}; another project's got ${honest}`);
}

// A user with much to replay comes back again and again with an old cursor.
async function replays(victim) {
  const first = await victim.publish({ userId: 'replayer', title: 'the first' });
  for (let i = 0; i < 5; i++) {
    await victim.post('/v1/notify/batch', Array.from({ length: 1000 }, () => ({ userId: 'replayer', title: 't', body: 'x'.repeat(200) })));
  }
  const honest = await Stream.open(victim.edge, victim.bearer('patient'));
  let round = 0;
  const deliver = async () => {
    const title = `patience ${++round}`;
    await victim.publish({ userId: 'patient', title });
    await honest.titled(title, 20_000);
  };
  const alone = await latencies(deliver, Promise.resolve(), 30);
  const end = Date.now() + 4000;
  let streams = 0;
  const storm = Promise.all(Array.from({ length: 10 }, async () => {
    while (Date.now() < end) {
      const stream = await Stream.open(victim.edge, { ...victim.bearer('replayer'), 'Last-Event-ID': first });
      streams++;
      await sleep(20);
      stream.close();
    }
  }));
  const during = await latencies(deliver, storm, 20);
  honest.close();
  const [before, meanwhile] = [quantile(alone, 0.5), quantile(during, 0.5)];
  return judged(meanwhile < Math.max(before * 20, 1000), `${streams} replays were begun; a bell rang after ${ms(before)} before and ` +
    `${ms(meanwhile)} meanwhile`);
}

// Lists and changes of one user in a loop.
async function busyUser(victim) {
  const statuses = [];
  const other = async () => { statuses.push((await victim.browse('bob', 'GET', '/v1/counts')).status); await sleep(60); };
  const hammer = Promise.all(Array.from({ length: 300 }, () => victim.browse('hammer', 'GET', '/v1/notifications')));
  await latencies(other, hammer, 20);
  const limited = (await hammer).filter(({ status }) => status === 429).length;
  const refused = statuses.filter((status) => status !== 200).length;
  return judged(limited > 0 && refused === 0, `${limited} of 300 were answered 429; of another user's ${statuses.length} requests ${refused} were refused`);
}

export const work = [
  {
    name: 'work-long-paths', quick: true,
    tries: 'a batch with a name of 500 KB over a list of 250,000 elements',
    expected: 'others wait less than 3 s for it',
    run: longPaths,
  },
  {
    name: 'work-large-batches', quick: true,
    tries: 'four batches of 4 MB with a great many small values',
    expected: 'others wait less than 1 s for them',
    run: largeBatches,
  },
  {
    name: 'work-collisions', quick: false,
    tries: '16,000 users whose names have the same std::hash',
    expected: 'they cost less than four times what others cost',
    run: collisions,
  },
  {
    name: 'work-noisy-project', quick: true,
    tries: 'one project publishes batches as fast as it can',
    expected: "another project's publishes are taken and answered",
    run: noisyProject,
  },
  {
    name: 'work-busy-user', quick: true,
    tries: "one user's list 300 times at once",
    expected: '429 for that user alone',
    run: busyUser,
  },
  {
    name: 'work-replays', quick: true,
    tries: 'a user with 5,000 notifications reconnects with an old cursor, ten at a time',
    expected: "others' bells ring as before",
    run: replays,
  },
  {
    name: 'work-quotas', quick: true,
    tries: 'one project publishes more than it may store',
    expected: "it is refused at its quota, and others' publishes are taken",
    run: quotas,
  },
];
