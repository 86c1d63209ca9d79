// SPDX-License-Identifier: Apache-2.0
// The stack that is attacked, and an honest user whose bell must ring whatever happens.
import { existsSync, readFileSync } from 'node:fs';

import { project, sleep, Stack, until } from '../support/node/stack.mjs';
import { ask, reasonOf } from './tools/wire.mjs';
import { Stream } from './tools/stream.mjs';

const HONEST_MS = 20_000;
const SCOPES = ['notify', 'broadcast', 'inbox', 'audience'];

export const OTHER_PROJECT = 'rival';
// One that may store little.
export const BOUNDED_PROJECT = 'greedy';

export class Victim {
  #witness;
  #rounds = 0;

  static async start() {
    const victim = new Victim();
    victim.stack = await Stack.start({
      edges: 2,
      keys: {
        all: SCOPES,
        ...Object.fromEntries(SCOPES.map((scope) => [scope, [scope]])),
        rival: { project: OTHER_PROJECT, scopes: SCOPES },
        greedy: { project: BOUNDED_PROJECT, scopes: SCOPES },
      },
      storeArgs: ['--store-project-bytes-max', `${BOUNDED_PROJECT}/1MiB`],
    });
    victim.#witness = await Stream.open(victim.edge, victim.bearer('witness'));
    return victim;
  }

  get ingest() { return this.stack.ingest; }
  get edge() { return this.stack.edges[0].http; }
  get store() { return this.stack.store; }

  get admins() {
    return { store: this.store.admin, ingest: this.ingest.admin, edge: this.stack.edges[0].admin };
  }

  bearer(user, claims = {}) {
    return { Authorization: `Bearer ${this.stack.token(user, claims)}` };
  }

  // What the stack's own process of that role shows the store; undefined where there are no such keys.
  internal(role) {
    const file = this.stack.path(`${role}.key`);
    return existsSync(file) ? { authorization: `Bearer ${readFileSync(file, 'utf8').trim()}` } : undefined;
  }

  key(id) {
    return { Authorization: `Bearer ${this.stack.keys[id]}` };
  }

  // POST to ingest's REST port with the key `id`.
  post(path, value, { key = 'all', fields = {}, address = this.ingest.http, from } = {}) {
    const body = typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value);
    return ask(address, 'POST', path, { ...this.key(key), 'Content-Type': 'application/json', ...fields }, body, { from });
  }

  // The id, or what was answered instead.
  async publish(fields, options) {
    const answer = await this.post('/v1/notify', { title: 'a title', ...fields }, options);
    return answer.status === 201 ? JSON.parse(answer.text).id : `${answer.status} ${reasonOf(answer)}`;
  }

  // A request of the browser API.
  browse(user, method, path, body = '', fields = {}) {
    const type = body.length > 0 ? { 'Content-Type': 'application/json' } : {};
    return ask(this.edge, method, path, { ...this.bearer(user), ...type, ...fields }, body);
  }

  // What is wrong with the victims now; undefined when nothing is.
  async harm() {
    const dead = this.stack.names.filter((name) => this.stack.pid(name) === undefined);
    if (dead.length > 0) return `${dead.join(', ')} has ended`;
    const title = `round ${++this.#rounds}`;
    try {
      await this.stack.notify('witness', title);
      if (this.#witness.closed) return "an honest user's stream was closed";
      if (!await this.#witness.titled(title, HONEST_MS)) return "an honest user's bell did not ring";
    } catch (error) {
      return `an honest publish failed: ${error.message}`;
    }
    return undefined;
  }

  // Starts one more process for a row alone, and ends it with the row.
  async with(service, args, action, options = {}) {
    const added = await this.stack.add(service, args, options);
    try {
      return await action({ ...added, pid: this.stack.pid(added.name) });
    } finally {
      await this.stack.remove(added.name);
    }
  }

  logs() {
    return this.stack.names.map((name) => ({ name, text: readFileSync(this.stack.logFile(name), 'utf8') }));
  }

  async stop() {
    this.#witness?.close();
    await this.stack.stop();
  }
}

export { project, sleep, until };
