// SPDX-License-Identifier: Apache-2.0
// A whole belfry on loopback for tests in Node.js: real processes, free ports, a folder of its own.
//
//   const stack = await Stack.start({ edges: 1 });
//   await stack.notify('alice', 'hello');
//   await stack.kill('edge-1'); await stack.revive('edge-1');   // the same port, the same data
//   await stack.terminate('edge-1');                            // as an operator stops it
//   const lost = await stack.add('ingest', ['--store-grpc', address], { probe: 'livez' });
//   await stack.stop();
//
// Keys and tokens are made here from what docs/protocol.md says, so that they check it too.
import { spawn } from 'node:child_process';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const READY_MS = 60_000;
const STOP_MS = 30_000;

export const project = 'demo';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Asks again until `condition` gives something truthy, which is the result.
export async function until(what, condition, ms = 20_000) {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}

// Removes a folder in which processes that are ending may still write. rmSync's own maxRetries would
// only try again to remove the folder itself, and never what has come into it since.
export function removeFolder(path) {
  return until(`${path} is removed`, () => {
    try {
      rmSync(path, { recursive: true, force: true });
      return true;
    } catch (error) {
      if (error.code !== 'ENOTEMPTY') throw error;
      return false;
    }
  });
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run this through ctest or ./dev test`);
  return value;
}

function canListen(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

// Those in the range below that no fetch() may speak to (https://fetch.spec.whatwg.org/#port-blocking).
const FORBIDDEN = [10_080];

// Below the range that outgoing connections take theirs from, so that a process that comes back
// finds its port free.
async function freePort(taken) {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    if (taken.has(port) || FORBIDDEN.includes(port) || !(await canListen(port))) continue;
    taken.add(port);
    return port;
  }
}

async function freeAddress(taken) {
  return `127.0.0.1:${await freePort(taken)}`;
}

const base64url = (value) => Buffer.from(value).toString('base64url');

export class Stack {
  #bin = required('BELFRY_BIN_DIR');
  #dir = mkdtempSync(join(tmpdir(), 'belfry-node-'));
  #commands = new Map(); // name -> {program, args, ready}
  #processes = new Map(); // name -> ChildProcess
  #secret = randomBytes(32);
  #taken = new Set(); // ports
  #shared; // addresses and files that further processes are given
  #added = 0;
  #ended = new Map(); // name -> exit code or signal, of those that nobody has told to end

  // `scopes` of stack.apiKey. `keys`: further API keys, {id: scopes} or {id: {project, scopes}},
  // whose secrets are then in stack.keys[id].
  // `jwtKeys`: further keys of tokens, as they stand in jwt_keys_file.
  static async start({
    edges = 1, edgeArgs = [], storeArgs = [], ingestArgs = [], keys = {}, jwtKeys = [],
    scopes = ['notify', 'broadcast'],
  } = {}) {
    const stack = new Stack();
    try {
      await stack.#declare(edges, edgeArgs, storeArgs, ingestArgs, { keys, jwtKeys, scopes });
      for (const name of stack.#commands.keys()) stack.#spawn(name);
      for (const name of stack.#commands.keys()) await stack.ready(name);
    } catch (error) {
      await stack.stop().catch(() => {}); // it would say the same
      throw error;
    }
    return stack;
  }

  async #declare(edges, edgeArgs, storeArgs, ingestArgs, secrets) {
    const files = this.#makeKeys(secrets);
    const nats = await freeAddress(this.#taken);
    const store = { grpc: await freeAddress(this.#taken), admin: await freeAddress(this.#taken) };
    this.#shared = { natsUrl: `nats://${nats}`, storeGrpc: store.grpc, files };
    this.nats = nats;
    this.store = store;
    this.#commands.set('nats', {
      program: 'nats-server',
      args: ['-c', files.natsConf, '-a', '127.0.0.1', '-p', nats.split(':')[1]],
      // Everybody who needs it waits for it.
      ready: null,
    });
    this.#belfry('store', `http://${store.admin}/readyz`, [
      '--store-grpc', store.grpc, '--store-admin', store.admin, '--nats-url', this.#shared.natsUrl,
      '--announce-keys-file', files.announceKeys, '--nats-credentials-file', files.natsStore,
      '--store-data', join(this.#dir, 'store'), '--store-partitions', '4',
      '--internal-keys-file', files.internalKeys, ...storeArgs,
    ]);
    this.ingest = await this.#declareIngest('ingest', ingestArgs, 'readyz');
    this.edges = [];
    for (let number = 1; number <= edges; number++) {
      this.edges.push(await this.#declareEdge(`edge-${number}`, edgeArgs, 'readyz'));
    }
  }

  async #declareIngest(name, args, probe) {
    const ingest = {
      grpc: await freeAddress(this.#taken), http: await freeAddress(this.#taken),
      admin: await freeAddress(this.#taken),
    };
    this.#belfry(name, `http://${ingest.admin}/${probe}`, this.#withDefaults([
      '--ingest-grpc', ingest.grpc, '--ingest-http', ingest.http, '--ingest-admin', ingest.admin,
      '--api-keys-file', this.#shared.files.apiKeys, '--store-grpc', this.#shared.storeGrpc,
      '--internal-key-file', this.#shared.files.ingestKey,
    ], args));
    return ingest;
  }

  async #declareEdge(name, args, probe) {
    const edge = { http: await freeAddress(this.#taken), admin: await freeAddress(this.#taken) };
    this.#belfry(name, `http://${edge.admin}/${probe}`, this.#withDefaults([
      '--edge-http', edge.http, '--edge-admin', edge.admin, '--nats-url', this.#shared.natsUrl,
      '--jwt-keys-file', this.#shared.files.jwtKeys, '--store-grpc', this.#shared.storeGrpc,
      '--announce-keys-file', this.#shared.files.announceKeys,
      '--nats-credentials-file', this.#shared.files.natsEdge,
      '--internal-key-file', this.#shared.files.edgeKey,
    ], args).map((arg) => arg
      .replace('{apiKeyFile}', this.#shared.files.apiKeyText)
      .replace('{ingestHttp}', this.ingest.http)));
    return edge;
  }

  // A store of its own, which announces nothing.
  async #declareStore(name, args, probe) {
    const store = { grpc: await freeAddress(this.#taken), admin: await freeAddress(this.#taken) };
    this.#belfry(name, `http://${store.admin}/${probe}`, this.#withDefaults([
      '--store-grpc', store.grpc, '--store-admin', store.admin, '--nats-url', 'nats://127.0.0.1:1',
      '--announce-keys-file', this.#shared.files.announceKeys,
      '--store-data', join(this.#dir, name), '--store-partitions', '4',
      '--internal-keys-file', this.#shared.files.internalKeys,
    ], args));
    return store;
  }

  async #declareAdded(service, args, probe) {
    const name = `${service}-added-${++this.#added}`;
    const declare = { store: this.#declareStore, ingest: this.#declareIngest, edge: this.#declareEdge }[service];
    return { name, ...await declare.call(this, name, args, probe) };
  }

  // `args` and those defaults, name and value in turn, that they do not set themselves.
  #withDefaults(defaults, args) {
    return [...defaults.filter((_, at) => !args.includes(defaults[at - (at % 2)])), ...args];
  }

  #belfry(name, ready, args) {
    const program = join(this.#bin, `belfry-${name.split('-')[0]}`);
    this.#commands.set(name, { program, args, ready });
  }

  // Starts one more 'ingest', 'edge' or (unrelated) 'store' and returns its name and addresses.
  // `probe`: 'livez' for one that cannot get ready. `limits`: of resources, as
  // prlimit takes them: ['--nofile=1024'].
  async add(service, args, { probe = 'readyz', limits = [] } = {}) {
    const added = await this.#declareAdded(service, args, probe);
    if (limits.length > 0) this.#limit(added.name, limits);
    this.#spawn(added.name);
    try {
      await this.ready(added.name);
    } catch (error) {
      await this.remove(added.name);
      throw error;
    }
    return added;
  }

  #limit(name, limits) {
    const { program, args, ready } = this.#commands.get(name);
    this.#commands.set(name, { program: 'prlimit', args: [...limits, program, ...args], ready });
  }

  // Starts one that ought to refuse. {code, output}; the code is null if it serves, and then it has
  // been ended.
  async attempt(service, args) {
    const { name } = await this.#declareAdded(service, args, 'livez');
    this.#spawn(name);
    const child = this.#processes.get(name);
    await this.ready(name).catch(() => {});
    const code = child.exitCode;
    const output = readFileSync(this.logFile(name), 'utf8');
    await this.remove(name);
    return { code, output };
  }

  #makeKeys({ keys, jwtKeys, scopes: own }) {
    const file = (name, content) => {
      const path = join(this.#dir, name);
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    };
    const digest = (secret) => createHash('sha256').update(secret).digest('hex');
    const internal = ['ingest', 'edge'].map((role) => ({ role, secret: randomBytes(24).toString('base64url') }));
    const entries = [];
    const makeKey = (id, { project: of = project, scopes }) => {
      const secret = randomBytes(24).toString('base64url');
      entries.push({ id, project: of, scopes, sha256: digest(secret) });
      return `${id}.${secret}`;
    };
    this.apiKey = makeKey('test', { scopes: own });
    // As deploy/make-nats-users.sh.
    const passwords = { store: randomBytes(16).toString('hex'), edge: randomBytes(16).toString('hex') };
    this.natsUsers = {
      store: { user: 'store', pass: passwords.store }, edge: { user: 'edge', pass: passwords.edge },
    };
    const natsConf = `authorization { users = [
      { user: store, password: "${passwords.store}", permissions: {
        publish: { allow: "belfry.v1.>" }, subscribe: { deny: ">" } } }
      { user: edge, password: "${passwords.edge}", permissions: {
        publish: { deny: ">" }, subscribe: { allow: "belfry.v1.>" } } }
    ] }\n`;
    this.keys = {};
    for (const [id, key] of Object.entries(keys)) {
      this.keys[id] = makeKey(id, Array.isArray(key) ? { scopes: key } : key);
    }
    return {
      apiKeyText: file('api-key.txt', this.apiKey),
      internalKeys: file('internal-keys.json', JSON.stringify({
        keys: internal.map(({ role, secret }) => ({ id: role, roles: [role], sha256: digest(secret) })),
      })),
      ingestKey: file('ingest.key', `ingest.${internal[0].secret}\n`),
      edgeKey: file('edge.key', `edge.${internal[1].secret}\n`),
      apiKeys: file('api-keys.json', JSON.stringify({ keys: entries })),
      natsConf: file('nats-users.conf', natsConf),
      natsStore: file('nats-store.txt', `store:${passwords.store}\n`),
      natsEdge: file('nats-edge.txt', `edge:${passwords.edge}\n`),
      announceKeys: file('announce-keys.json', JSON.stringify({
        keys: [{ id: 'test', secret: randomBytes(32).toString('base64url') }],
      })),
      jwtKeys: file('jwt-keys.json', JSON.stringify({
        keys: [{ kid: 'test', alg: 'HS256', secret: this.#secret.toString('base64url') }, ...jwtKeys],
      })),
    };
  }

  #spawn(name) {
    const { program, args } = this.#commands.get(name);
    mkdirSync(join(this.#dir, 'log'), { recursive: true });
    const log = openSync(this.logFile(name), 'a');
    const child = spawn(program, args, { cwd: this.#dir, stdio: ['ignore', log, log] });
    closeSync(log);
    child.gone = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        if (!child.toEnd) this.#ended.set(name, signal ?? code);
        resolve();
      });
    });
    child.once('error', (error) => { child.failed = error; });
    this.#processes.set(name, child);
  }

  logFile(name) {
    return join(this.#dir, 'log', `${name}.log`);
  }

  // Sends `signal` to one that ends of it.
  #end(child, signal) {
    child.toEnd = true;
    child.kill(signal);
  }

  #tail(name) {
    return readFileSync(this.logFile(name), 'utf8').split('\n').slice(-20).join('\n');
  }

  async ready(name) {
    const { ready } = this.#commands.get(name);
    const child = this.#processes.get(name);
    if (!ready) return;
    try {
      await until(`${name} is ready`, async () => {
        if (child.failed) throw child.failed;
        const how = child.signalCode ?? child.exitCode;
        if (how !== null) throw new Error(`${name} ended with ${how}`);
        return fetch(ready).then((answer) => answer.ok, () => false);
      }, READY_MS);
    } catch (error) {
      throw new Error(`${error.message}\n${this.#tail(name)}`);
    }
  }

  // undefined when it does not run.
  pid(name) {
    const child = this.#processes.get(name);
    return child?.exitCode === null && child.signalCode === null ? child.pid : undefined;
  }

  get names() {
    return [...this.#processes.keys()];
  }

  // A path in the stack's own folder.
  path(name) {
    return join(this.#dir, name);
  }

  // SIGKILL, and gone when this returns.
  async kill(name) {
    const child = this.#processes.get(name);
    this.#end(child, 'SIGKILL');
    await child.gone;
  }

  // SIGTERM: it drains, and has ended when this returns.
  async terminate(name) {
    const child = this.#processes.get(name);
    this.#end(child, 'SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await child.gone;
    clearTimeout(timer);
    if (child.signalCode !== null) throw new Error(`${name} did not end by itself: ${child.signalCode}\n${this.#tail(name)}`);
  }

  // Ends what add() has started.
  async remove(name) {
    const child = this.#processes.get(name);
    this.#end(child, 'SIGKILL');
    await child.gone;
    this.#processes.delete(name);
    this.#commands.delete(name);
    this.#ended.delete(name);
  }

  // Starts what was killed again, on the same ports and data.
  async revive(name) {
    this.#spawn(name);
    await this.ready(name);
  }

  // Fails if a process ended that nobody had told to, and says its last words.
  async stop() {
    const children = [...this.#processes.values()].filter((child) => child.pid);
    for (const child of children) this.#end(child, 'SIGTERM');
    const timer = setTimeout(() => children.forEach((child) => child.kill('SIGKILL')), STOP_MS);
    await Promise.all(children.map((child) => child.gone));
    clearTimeout(timer);
    const words = [...this.#ended].map(([name, how]) => `${name} ended by itself: ${how}\n${this.#tail(name)}`);
    rmSync(this.#dir, { recursive: true, force: true });
    if (words.length > 0) throw new Error(words.join('\n'));
  }

  // What a browser shows: an HS256 JWT for `user`.
  token(user, { ttl = 3600, ...claims } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const header = base64url(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: 'test' }));
    const payload = base64url(JSON.stringify({ sub: user, project, iat: now, exp: now + ttl, ...claims }));
    const signature = createHmac('sha256', this.#secret).update(`${header}.${payload}`).digest('base64url');
    return `${header}.${payload}.${signature}`;
  }

  // Publishes over REST and returns the id. Repeats with the same key until it is known to be stored.
  async notify(userId, title, fields = {}) {
    const body = JSON.stringify({ userId, title, ...fields });
    const key = randomBytes(12).toString('hex');
    let refusal;
    const published = until(`${title} is published`, async () => {
      const answer = await fetch(`http://${this.ingest.http}/v1/notify`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json', 'idempotency-key': key,
        },
        body,
      }).catch((error) => { refusal = error.cause ?? error; });
      if (!answer) return null;
      if (answer.status === 503) {
        refusal = await answer.text();
        return null;
      }
      if (answer.status !== 201) throw new Error(`publish: ${answer.status} ${await answer.text()}`);
      return (await answer.json()).id;
    });
    return published.catch((error) => {
      throw new Error(`${error.message}\n${refusal}\n${this.#tail('ingest')}`);
    });
  }
}
