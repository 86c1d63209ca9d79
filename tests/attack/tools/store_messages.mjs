// SPDX-License-Identifier: Apache-2.0
// The messages of the inner wire that rows make themselves; numbers are those of proto/belfry/v1.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { project } from '../../support/node/stack.mjs';
import { message } from './protobuf.mjs';

const NOTIFICATION = 1; // EntryKind

// The full name of every method of the store's port, as its .proto file has them.
export function storeMethods() {
  const text = readFileSync(join(process.env.BELFRY_SOURCE_DIR, 'proto/belfry/v1/store_service.proto'), 'utf8');
  return [...text.matchAll(/^ {2}rpc (\w+)\(/gm)].map(([, name]) => `/belfry.v1.StoreService/${name}`);
}

const payload = (title) => message({ 6: title });

// AppendRequest with one notification.
export function append(user, title) {
  return message({
    1: message({
      1: NOTIFICATION, 2: project, 3: user, 4: randomBytes(12).toString('hex'), 5: 1,
      6: createHash('sha256').update(title).digest(), 8: payload(title), 9: 'demo.hello',
    }),
  });
}

export const GET_HEADS = Buffer.alloc(0);
export const readLog = (partition, after = 0n) => message({ 1: partition, 2: after });

// LogBatch with one entry.
export function logBatch({ id, prev, partition, user, title }) {
  const entry = message({
    1: id, 2: prev, 3: NOTIFICATION, 4: partition, 5: project, 6: user, 7: BigInt(Date.now()) * 1000n,
    11: payload(title), 12: 'demo.hello',
  });
  return message({ 1: entry, 2: BigInt(Date.now()) * 1000n });
}

const text = (value) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);

// What docs/announcements.md says goes over NATS, signed with `secret`.
export function envelope(subject, bytes, { key, history, secret }) {
  const signed = Buffer.concat([Buffer.from([2]), text(key), text(history), text(subject), bytes]);
  return Buffer.concat([signed, createHmac('sha256', secret).update(signed).digest()]);
}

// The key's id and the history of an envelope that was heard.
export function namesIn(bytes) {
  const at = (from) => bytes.subarray(from + 1, from + 1 + bytes[from]).toString();
  const key = at(1);
  return { key, history: at(2 + key.length) };
}

// The message in an envelope; what is none is the message itself.
export function inner(bytes) {
  if (bytes[0] !== 2) return bytes;
  let at = 1;
  for (let i = 0; i < 3; i++) at += 1 + bytes[at];
  return bytes.subarray(at, bytes.length - 32);
}

export const logHead = (partition, lastId) => message({ 1: partition, 2: lastId });
