// SPDX-License-Identifier: Apache-2.0
// What gRPC keeps for callers that are unknown, never finish, never read or never stop.
import { constants } from 'node:http2';

import { bearer, frame, Grpc } from '../tools/grpc.mjs';
import { latencies, mib, ms, quantile, residentBytes, threads } from '../tools/measure.mjs';
import { message } from '../tools/protobuf.mjs';
import { readLog } from '../tools/store_messages.mjs';
import { judged } from '../tools/table.mjs';
import { sleep } from '../victim.mjs';

const NOTIFY = '/belfry.v1.NotifyService/Notify';
const MIB = 1024 * 1024;
const CALLS = 40;
const CLAIMED = 8_000_000;
const SENT = 7_000_000;
const SETTLE_MS = 3000;

const good = message({ 1: message({ 3: 'alice', 6: 'honest' }) });

// Bytes of `pid` that it did not have before `action`, at their most.
async function growth(pid, action) {
  const before = residentBytes(pid);
  let most = before;
  const timer = setInterval(() => { most = Math.max(most, residentBytes(pid)); }, 50);
  try {
    await action();
    most = Math.max(most, residentBytes(pid));
  } finally {
    clearInterval(timer);
  }
  return most - before;
}

// Calls that send all of a message but its end.
async function unfinished({ address, pid, path, headers }) {
  const grpc = await Grpc.open(address);
  const part = Buffer.concat([frame(Buffer.alloc(0), { length: CLAIMED }), Buffer.alloc(SENT)]);
  let taken = 0;
  const bytes = await growth(pid, async () => {
    const calls = Array.from({ length: CALLS }, () => grpc.start(path, headers));
    const writes = calls.map(({ stream }) => new Promise((resolve) => {
      stream.write(part, (error) => { if (!error) taken += part.length; resolve(); });
      stream.once('close', resolve);
    }));
    await Promise.race([Promise.all(writes), sleep(SETTLE_MS)]);
    await sleep(300);
  });
  grpc.close();
  const offered = CALLS * part.length;
  return judged(bytes < Math.max(offered / 3, 48 * MIB), `${mib(offered)} offered, ${mib(taken)} taken, the process grew by ${mib(bytes)}`);
}

const unfinishedAtIngest = (victim) => victim.with('ingest', [], ({ grpc, pid }) => (
  unfinished({ address: grpc, pid, path: NOTIFY, headers: {} })));
const unfinishedOfAProducer = (victim) => victim.with('ingest', [], ({ grpc, pid }) => (
  unfinished({ address: grpc, pid, path: NOTIFY, headers: bearer(victim.stack.keys.all) })));
const unfinishedAtStore = (victim) => victim.with('store', [], ({ grpc, pid }) => (
  unfinished({ address: grpc, pid, path: '/belfry.v1.StoreService/Append', headers: {} })));

// NotifyStream with requests that are refused, whose answers nobody reads.
async function unreadAnswers(victim) {
  return victim.with('ingest', [], async ({ grpc: address, pid }) => {
    const streams = 10;
    // Wrong in many fields, so that the answer is much larger than the request.
    const bad = frame(message({ 1: message({ 1: message({ 4: '!', 5: '!', 9: '!', 11: '//', 12: '//', 16: '', 17: '', 18: 1 }) }) }));
    const many = Buffer.concat(Array.from({ length: 2000 }, () => bad));
    const grpc = await Grpc.open(address, { settings: { initialWindowSize: 16_384 } });
    const bytes = await growth(pid, async () => {
      const calls = Array.from({ length: streams }, () => (
        grpc.start('/belfry.v1.NotifyService/NotifyStream', bearer(victim.stack.keys.all), { read: false })));
      const deadline = Date.now() + 5000;
      await Promise.all(calls.map(async ({ stream }) => {
        for (let i = 0; i < 25 && Date.now() < deadline && !stream.destroyed; i++) {
          await Promise.race([new Promise((resolve) => stream.write(many, resolve)), sleep(1000)]);
        }
      }));
      await sleep(SETTLE_MS);
    });
    grpc.close();
    return judged(bytes < streams * 5 * MIB, `${streams} streams; the process grew by ${mib(bytes)}`);
  });
}

// ReadLog calls whose answers nobody reads.
async function unreadLog(victim) {
  const pid = victim.stack.pid('store');
  const item = { userId: 'alice', title: 'filler', body: 'x'.repeat(4000) };
  for (let i = 0; i < 8; i++) await victim.post('/v1/notify/batch', Array.from({ length: 400 }, (_, j) => ({ ...item, userId: `filler-${j % 40}` })));
  const calls = 300;
  const headers = victim.internal('edge') ?? {};
  const grpc = await Grpc.open(victim.store.grpc, { settings: { initialWindowSize: 0 } });
  const bytes = await growth(pid, async () => {
    for (let i = 0; i < calls; i++) {
      grpc.start('/belfry.v1.StoreService/ReadLog', headers, { read: false }).stream.end(frame(readLog(i % 4)));
    }
    await sleep(SETTLE_MS);
  });
  grpc.close();
  return judged(bytes < calls * 0.3 * MIB, `${calls} calls; the store grew by ${mib(bytes)}`);
}

// Reflection keeps a thread per stream in gRPC 1.51.
async function reflection(victim) {
  const ports = { ingest: [victim.ingest.grpc, victim.stack.pid('ingest')], store: [victim.store.grpc, victim.stack.pid('store')] };
  const seen = [];
  let safe = true;
  for (const [name, [address, pid]] of Object.entries(ports)) {
    const before = threads(pid);
    const grpc = await Grpc.open(address);
    for (const version of ['v1alpha', 'v1']) {
      for (let i = 0; i < 150; i++) grpc.start(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
    }
    await sleep(1000);
    const more = threads(pid) - before;
    grpc.close();
    safe &&= more < 50;
    seen.push(`${name} has ${more} more threads`);
  }
  return judged(safe, seen.join(', '));
}

// CVE-2023-44487: streams that are reset as soon as they are open.
async function rapidReset(victim) {
  return victim.with('ingest', [], async ({ grpc: address }) => {
    const honest = await Grpc.open(address);
    const call = () => honest.call(NOTIFY, good, bearer(victim.stack.keys.all));
    const alone = await latencies(call, Promise.resolve(), 30);
    // One that shows nothing, and one with a key.
    const attack = async (headers) => {
      const attacker = await Grpc.open(address);
      let resets = 0;
      const over = () => attacker.closed || attacker.goaway !== null;
      try {
        const end = Date.now() + 3000;
        while (Date.now() < end && !over()) {
          for (let i = 0; i < 50 && !over(); i++, resets++) {
            const { stream } = attacker.start(NOTIFY, headers);
            stream.close(constants.NGHTTP2_CANCEL);
          }
          await new Promise((resolve) => { setImmediate(resolve); });
        }
        return { resets, ended: over() };
      } catch {
        return { resets, ended: true };
      } finally {
        attacker.close();
      }
    };
    const attacks = Promise.all([attack({}), attack(bearer(victim.stack.keys.all))]);
    const during = await latencies(call, attacks, 30);
    honest.close();
    const seen = await attacks;
    const [before, meanwhile] = [quantile(alone, 0.5), quantile(during, 0.9)];
    return judged(seen.every(({ ended }) => ended), `${seen.map(({ resets, ended }) => `${ended ? 'ended' : 'not ended'} after ${resets} resets`).join(', ')}; an honest call took ${ms(before)} before and ${ms(meanwhile)} meanwhile (p90)`);
  });
}

export const grpcMemory = [
  {
    name: 'grpc-unfinished', quick: true,
    tries: `${CALLS} calls without a key that send 7 of 8 MB of a message, at ingest`,
    expected: 'refused on the metadata; memory grows by less than a third of it',
    run: unfinishedAtIngest,
  },
  {
    name: 'grpc-unfinished-store', quick: true,
    tries: `${CALLS} calls that show nothing and send 7 of 8 MB of a message, at the store`,
    expected: 'the same',
    run: unfinishedAtStore,
  },
  {
    name: 'grpc-unfinished-producer', quick: true,
    tries: "the same at ingest with a producer's key",
    expected: 'memory grows by less than a third of it: a bound on messages and on all of them',
    run: unfinishedOfAProducer,
  },
  {
    name: 'grpc-unread-answers', quick: true,
    tries: '10 NotifyStreams with 50,000 refused requests each, whose answers are never read',
    expected: 'ingest reads no further: less than 5 MiB per stream',
    run: unreadAnswers,
  },
  {
    name: 'grpc-unread-log', quick: false,
    tries: '300 ReadLog calls whose answers are never read',
    expected: 'the store reads no further: less than 0.3 MiB per call',
    run: unreadLog,
  },
  {
    name: 'grpc-reflection', quick: true,
    tries: '300 reflection streams without a key, at ingest and store',
    expected: 'fewer than 50 threads more',
    run: reflection,
  },
  {
    name: 'grpc-rapid-reset', quick: true,
    tries: 'streams that are reset as soon as they are open, without a key and with one, for three seconds (CVE-2023-44487)',
    expected: 'both connections are ended',
    run: rapidReset,
  },
];
