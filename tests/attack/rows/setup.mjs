// SPDX-License-Identifier: Apache-2.0
// Mistakes of operators that a stranger profits from: the services refuse to start with them.
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { KeyFile } from '../tools/tokens.mjs';
import { judged, table } from '../tools/table.mjs';

// TEST-NET-1: no address of ours, so that nothing ever listens there.
const ELSEWHERE = '192.0.2.1:7999';
const REFUSES = 2; // the exit code of a mistake in the settings

async function beyondLoopback(victim) {
  const cases = [
    ['edge', '--edge-http'], ['edge', '--edge-admin'], ['ingest', '--ingest-http'], ['ingest', '--ingest-grpc'],
    ['ingest', '--ingest-admin'], ['store', '--store-grpc'], ['store', '--store-admin'],
  ].map(([service, flag]) => ({ what: `${service} ${flag}`, service, flag }));
  return table(cases, async ({ service, flag }) => {
    const { code, output } = await victim.stack.attempt(service, [flag, ELSEWHERE]);
    const name = flag.slice(2).replaceAll('-', '_');
    if (code !== REFUSES) return `${code === null ? 'served' : `ended with ${code}`} instead of refusing`;
    return output.includes(name) ? '' : `refused without naming ${name}`;
  }, { atOnce: 2 });
}

async function openDemo(victim) {
  const { code, output } = await victim.stack.attempt('edge', ['--demo', '--insecure', '--edge-http', ELSEWHERE]);
  return judged(code === REFUSES, `ended with ${code}: ${output.trim().split('\n').at(-1)}`);
}

// Key files that others may read or write.
async function openKeyFiles(victim) {
  const folder = victim.stack.path('open');
  mkdirSync(folder, { recursive: true });
  const files = {
    edge: { flag: '--jwt-keys-file', path: new KeyFile(join(folder, 'jwt.json'), ['one']).path },
    ingest: { flag: '--api-keys-file', path: join(folder, 'api.json') },
  };
  copyFileSync(victim.stack.path('api-keys.json'), files.ingest.path);
  const cases = Object.entries(files).flatMap(([service, { flag, path }]) => (
    [0o644, 0o604, 0o660, 0o602, 0o666].map((mode) => {
      const own = `${path}.${mode.toString(8)}`;
      copyFileSync(path, own);
      chmodSync(own, mode);
      return { what: `${service} ${flag} of mode ${mode.toString(8)}`, service, args: [flag, own] };
    })));
  return table(cases, async ({ service, args }) => {
    const { code } = await victim.stack.attempt(service, args);
    return code === REFUSES ? '' : code === null ? 'was taken' : `ended with ${code}`;
  }, { atOnce: 2 });
}

async function dataDirectory(victim) {
  const existing = victim.stack.path('data-before');
  mkdirSync(existing, { mode: 0o755 });
  chmodSync(existing, 0o755);
  const cases = [
    { what: 'a new one', path: victim.stack.path('data-new') },
    { what: 'one of mode 755', path: existing },
  ];
  return table(cases, async ({ path }) => victim.with('store', ['--store-data', path], async () => {
    const mode = statSync(path).mode & 0o777;
    return mode === 0o700 ? '' : `has mode ${mode.toString(8)} while the store runs`;
  }));
}

// A crash must not leave keys on the disk.
async function coreDumps(victim) {
  const cases = ['store', 'ingest', 'edge'].map((service) => ({ what: service, service }));
  return table(cases, async ({ service }) => victim.with(service, [], ({ pid }) => {
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
    const [, soft] = /^Max core file size\s+(\S+)/m.exec(limits);
    return soft === '0' ? '' : `may dump core (${soft})`;
  }, { limits: ['--core=1048576'] }));
}

// Who works below a folder of somebody else (/tmp) is not led to their ingest.
async function strangersEnvironment(victim) {
  const program = join(process.env.BELFRY_BIN_DIR, 'belfry');
  if (!existsSync(program)) return judged(false, `no ${program}`);
  let calls = 0;
  const trap = createServer((socket) => { calls++; socket.destroy(); });
  await new Promise((resolve) => trap.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${trap.address().port}`;
  const outer = victim.stack.path('strangers');
  const inner = join(outer, 'work');
  mkdirSync(join(outer, '.belfry'), { recursive: true });
  mkdirSync(inner);
  const file = join(outer, '.belfry', 'dev.env');
  writeFileSync(file, `BELFRY_INGEST_GRPC=${address}\nBELFRY_API_KEY=x.secret\n`);
  chmodSync(file, 0o666);
  const env = { ...process.env, BELFRY_API_KEY: victim.stack.apiKey };
  delete env.BELFRY_INGEST_GRPC;
  await new Promise((resolve) => {
    execFile(program, ['notify', '--user', 'alice', '--title', 'hello'], { cwd: inner, env, timeout: 10_000 }, resolve);
  });
  trap.close();
  return judged(calls === 0, calls === 0 ? "the stranger's ingest was not called" : "the producer's key went to the stranger's ingest");
}

export const setup = [
  {
    name: 'setup-beyond-loopback', quick: true,
    tries: 'each plain port beyond loopback, without a switch that says so',
    expected: 'exit code 2 and a line that names the setting',
    run: beyondLoopback,
  },
  {
    name: 'setup-open-demo', quick: true,
    tries: 'the demo beyond loopback with --insecure alone',
    expected: 'exit code 2: the demo has its own switch',
    run: openDemo,
  },
  {
    name: 'setup-open-key-files', quick: true,
    tries: 'key files that others may read or write',
    expected: 'exit code 2',
    run: openKeyFiles,
  },
  {
    name: 'setup-data-directory', quick: true,
    tries: "another local user reads the store's data directory",
    expected: 'mode 700, whatever it was before',
    run: dataDirectory,
  },
  {
    name: 'setup-core-dumps', quick: true,
    tries: 'a crash that leaves keys in a core file',
    expected: 'no core files by default',
    run: coreDumps,
  },
  {
    name: 'setup-strangers-env', quick: true,
    tries: 'a dev.env that others may write, in a folder above the one in which the CLI is used',
    expected: 'not read',
    run: strangersEnvironment,
  },
];
