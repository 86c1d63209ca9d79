// SPDX-License-Identifier: Apache-2.0
// NATS carries the announcements. Whoever reaches it must neither hear them nor be believed.
import { sleep, until } from '../victim.mjs';
import { Nats } from '../tools/nats.mjs';
import { parse } from '../tools/protobuf.mjs';
import { envelope, inner, logBatch, logHead, namesIn } from '../tools/store_messages.mjs';
import { Stream } from '../tools/stream.mjs';
import { fault, judged, safe } from '../tools/table.mjs';

const BEYOND = (1n << 53n) - 1n;
const BOOKMARK_MS = 8500; // a heartbeat of 5 s and its jitter, and the bookmark after it
const REFUSED = 'the server refused the connection';

// Somebody who has stolen the passwords of NATS: hears as an edge, speaks as the store. What protects
// the announcements themselves is seen only by them.
class Thief {
  refused = false;
  #ear;
  #mouth;

  static async open(address, { store, edge }) {
    const thief = new Thief();
    thief.#ear = await Nats.open(address, edge);
    thief.#mouth = await Nats.open(address, store);
    if (thief.#ear.refused || thief.#mouth.refused) throw new Error('the passwords are not right');
    return thief;
  }

  get messages() { return this.#ear.messages; }
  get errors() { return [...this.#ear.errors, ...this.#mouth.errors]; }
  subscribe(subject) { return this.#ear.subscribe(subject); }

  // As it is, as of the store's key with another secret, and as of a key that nobody has.
  async publish(subject, bytes) {
    const heard = this.messages.find((message) => message.subject.startsWith('belfry.v1.'));
    const { key, history } = heard ? namesIn(heard.bytes) : { key: 'test', history: 'unknown' };
    await this.#mouth.publish(subject, bytes);
    for (const id of [key, 'mine']) {
      await this.#mouth.publish(subject, envelope(subject, bytes, { key: id, history, secret: Buffer.alloc(32, 'k') }));
    }
  }

  close() {
    this.#ear.close();
    this.#mouth.close();
  }
}

// Runs `action` as each attacker, the thief if there are passwords. `action` resolves with {safe, seen}.
async function asEach(victim, action, { thief = true } = {}) {
  const users = thief && victim.stack.natsUsers;
  const attackers = [{ as: 'anonymous', open: () => Nats.open(victim.stack.nats) }];
  if (users) attackers.push({ as: 'with stolen passwords', open: () => Thief.open(victim.stack.nats, users) });
  const results = [];
  for (const { as, open } of attackers) {
    const nats = await open();
    try {
      const result = nats.refused ? safe(REFUSED) : await action(nats);
      results.push({ safe: result.safe, seen: `${as}: ${result.seen}` });
    } finally {
      nats.close();
    }
  }
  return judged(results.every((result) => result.safe), results.map((result) => result.seen).join('; '));
}

const userFor = (what) => `nats-${what}-${Math.random().toString(36).slice(2)}`;

// Where `user` is and which entry was their partition's last: read from a genuine publish. Also when
// nobody may listen: the store's answers say the id, and every partition is tried.
async function place(victim, user) {
  const id = BigInt(await victim.publish({ userId: user, title: 'where am I' }));
  return { id, partitions: [0, 1, 2, 3] };
}

async function listenIn(victim) {
  return asEach(victim, async (nats) => {
    await nats.subscribe('belfry.>');
    if (nats.errors.length > 0) return safe(`refused: ${nats.errors[0]}`);
    await victim.publish({ userId: 'alice', title: 'a secret title' });
    await until('an announcement or a refusal', () => nats.messages.some(({ subject }) => subject.includes('.log.')), 1500)
      .catch(() => {});
    const heard = nats.messages.some(({ bytes }) => bytes.includes('a secret title'));
    return judged(!heard, heard ? 'heard the title of a notification' : 'heard nothing of it');
  }, { thief: false });
}

// Publishes `forged(place)` messages and sees whether the user's stream has `title`; the genuine one
// after it must come.
async function forge(victim, messages) {
  return asEach(victim, async (nats) => {
    const user = userFor('victim'); // no name that is looked for
    const stream = await Stream.open(victim.edge, victim.bearer(user));
    await nats.subscribe('belfry.v1.head.*');
    const at = await place(victim, user);
    await stream.titled('where am I');
    for (const { subject, bytes } of messages({ ...at, user })) await nats.publish(subject, bytes);
    const refusal = nats.errors[0];
    const genuine = await victim.publish({ userId: user, title: 'the genuine one' });
    const came = await stream.titled('the genuine one', 5000);
    const forged = stream.blocks.some(({ data }) => data?.includes('forged'));
    const { cursor } = stream;
    stream.close();
    const seen = [forged ? 'the forged entry is on the stream' : 'no forged entry on the stream',
      came ? 'the genuine one came' : 'the genuine one was lost'];
    if (cursor > BigInt(genuine)) seen.push(`the cursor is ${cursor}, beyond the last entry ${genuine}`);
    if (refusal) seen.push(refusal);
    return judged(!forged && came !== undefined && cursor <= BigInt(genuine), seen.join(', '));
  });
}

const entryFor = ({ id, user }, partition, changes = {}) => ({
  subject: `belfry.v1.log.${partition}`,
  bytes: logBatch({ id: id + 1n, prev: id, partition, user, title: 'forged', ...changes }),
});

const fitting = (victim) => forge(victim, (at) => at.partitions.map((partition) => entryFor(at, partition)));

const lastNumber = (victim) => forge(victim, (at) => at.partitions.map((partition) => (
  entryFor(at, partition, { id: BEYOND }))));

// Fits a partition that is not the user's: its last id is known from a digest, if one can be heard.
async function foreignPartition(victim) {
  return asEach(victim, async (nats) => {
    await nats.subscribe('belfry.v1.head.*');
    const user = userFor('moved');
    const stream = await Stream.open(victim.edge, victim.bearer(user));
    await victim.publish({ userId: user, title: 'where am I' });
    await stream.titled('where am I');
    const heads = () => new Map(nats.messages.map(({ subject, bytes }) => [subject, parse(inner(bytes))[2]?.[0]]));
    await until('digests', () => heads().size >= 4, 1500).catch(() => {});
    for (const [subject, id] of heads()) {
      if (typeof id !== 'bigint' || id === 0n) continue;
      const partition = Number(subject.split('.').at(-1));
      const { bytes } = entryFor({ id, user }, partition);
      await nats.publish(`belfry.v1.log.${partition}`, bytes);
    }
    await victim.publish({ userId: user, title: 'the genuine one' });
    const came = await stream.titled('the genuine one', 5000);
    const forged = stream.blocks.some(({ data }) => data?.includes('forged'));
    stream.close();
    return judged(!forged && came !== undefined, `${forged ? 'a forged entry is on the stream' : 'no forged entry'}, ` +
      `${came ? 'the genuine one came' : 'the genuine one was lost'}`);
  });
}

// The head of every partition four seconds ahead, then a bookmark, then a genuine entry below it.
async function digestAhead(victim) {
  return victim.with('edge', ['--edge-bookmark', '1s', '--edge-heartbeat', '5s'], async (edge) => asEach(victim, async (nats) => {
    const user = userFor('digest');
    await nats.subscribe('belfry.v1.head.*');
    // Some, because each is sent its bookmark at another time.
    const streams = await Promise.all(Array.from({ length: 5 }, () => Stream.open(edge.http, victim.bearer(user))));
    const [stream] = streams;
    const { id, partitions } = await place(victim, user);
    await Promise.all(streams.map((one) => one.titled('where am I')));
    const send = async () => {
      const ahead = BigInt(Date.now() + 4000) * 1000n;
      for (const partition of partitions) await nats.publish(`belfry.v1.head.${partition}`, logHead(partition, ahead));
    };
    await send();
    const again = setInterval(send, 100);
    // Nothing is committed meanwhile, so every bookmark that moves is one too far.
    const tooFar = (block) => block.id !== undefined && BigInt(block.id) > id && !block.data;
    await Promise.race([sleep(BOOKMARK_MS), ...streams.map((one) => one.find(tooFar, BOOKMARK_MS + 1000))]);
    const moved = streams.flatMap(({ blocks }) => blocks).find(tooFar);
    clearInterval(again);
    const genuine = await victim.publish({ userId: user, title: 'the genuine one' });
    const came = await stream.titled('the genuine one', 5000);
    const closed = streams.filter((one) => one.closed).length;
    for (const one of streams) one.close();
    if (!came) return fault(`the genuine entry ${genuine} was lost; a bookmark said ${moved?.id}`);
    return judged(!moved && closed === 0, moved ? `a bookmark says ${moved.id}, the last entry was ${id}`
      : `no bookmark passed what had been committed; ${closed} of 5 streams were closed`);
  }));
}

// A genuine announcement once more, and on the subjects of other partitions.
async function replay(victim) {
  return asEach(victim, async (nats) => {
    await nats.subscribe('belfry.v1.log.*');
    const user = userFor('replay');
    const stream = await Stream.open(victim.edge, victim.bearer(user));
    await victim.publish({ userId: user, title: 'only once' });
    await stream.titled('only once');
    const heard = nats.messages.filter(({ bytes }) => bytes.includes('only once'));
    for (const { bytes } of heard) {
      for (const partition of [0, 1, 2, 3]) await nats.publish(`belfry.v1.log.${partition}`, bytes);
    }
    await victim.publish({ userId: user, title: 'the next one' });
    const came = await stream.titled('the next one', 5000);
    const times = stream.blocks.filter(({ data }) => data?.includes('only once')).length;
    stream.close();
    return judged(times === 1 && came !== undefined, `${heard.length} announcements heard and replayed; delivered ` +
      `${times} times, the next one ${came ? 'came' : 'was lost'}`);
  });
}

// Bytes that no store sends, on every subject that edges listen to.
async function garbage(victim) {
  return asEach(victim, async (nats) => {
    const subjects = ['belfry.v1.log.0', 'belfry.v1.log.999999', 'belfry.v1.log.-1', 'belfry.v1.log.x', 'belfry.v1.head.0',
      'belfry.v1.head.99999999999999999999', 'belfry.v1.body', 'belfry.v1.x', 'belfry.v1.log.0.0'];
    const bodies = [Buffer.alloc(0), Buffer.from([0xff]), Buffer.from('0a'.repeat(500), 'hex'), Buffer.alloc(100_000, 0x0a),
      Buffer.alloc(1000, 0xff), logHead(0, (1n << 64n) - 1n), logHead(4_000_000_000, 1n)];
    for (const subject of subjects) for (const bytes of bodies) await nats.publish(subject, bytes);
    const harm = await victim.harm();
    return harm ? fault(harm) : safe(`${subjects.length * bodies.length} messages, and everything works`);
  });
}

export const nats = [
  {
    name: 'nats-listen', quick: true,
    tries: 'a stranger subscribes to everything at the NATS server',
    expected: 'refused, or nothing readable',
    run: listenIn,
  },
  {
    name: 'nats-fitting-entry', quick: true,
    tries: "a stranger publishes an announcement that fits the end of the user's partition",
    expected: 'not delivered; genuine entries are',
    run: fitting,
  },
  {
    name: 'nats-last-number', quick: true,
    tries: 'the same with the id 2^53-1, after which no genuine id could come',
    expected: 'the cursor stays, genuine entries are delivered',
    run: lastNumber,
  },
  {
    name: 'nats-foreign-partition', quick: true,
    tries: "an announcement for the user in each partition, also those that are not the user's",
    expected: 'not delivered; genuine entries are',
    run: foreignPartition,
  },
  {
    name: 'nats-digest-ahead', quick: true,
    tries: 'digests that say the log ends four seconds in the future, until a bookmark is sent',
    expected: 'no bookmark beyond what was committed; the next genuine entry is delivered',
    run: digestAhead,
  },
  {
    name: 'nats-replay', quick: true,
    tries: 'genuine announcements are sent again, on their own subject and on those of other partitions',
    expected: 'each entry once, the next one comes',
    run: replay,
  },
  {
    name: 'nats-garbage', quick: true,
    tries: 'malformed messages on every subject that edges listen to',
    expected: 'dropped; everything works',
    run: garbage,
  },
];
