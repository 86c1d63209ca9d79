// SPDX-License-Identifier: Apache-2.0
// proto/ as others use it: clients generated for Python, Go and TypeScript publish and read the
// details of a refusal, and buf finds nothing to complain of.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Stack } from '../../support/node/stack.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const source = process.env.BELFRY_SOURCE_DIR;
const protos = join(source, 'proto');
const tsc = join(source, 'clients/web/node_modules/.bin/tsc');
const GO_SOURCES = '/usr/share/gocode'; // Debian's golang-*-dev
const belfry = readdirSync(join(protos, 'belfry/v1')).map((name) => `belfry/v1/${name}`);
const google = ['google/rpc/status.proto', 'google/rpc/error_details.proto'];

let stack;

before(async () => { stack = await Stack.start({ edges: 0 }); });
after(() => stack?.stop());

function run(command, args, options = {}) {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 120_000, ...options }, (error, stdout, stderr) => (
      resolve({ code: error ? error.code : 0, stdout, stderr })));
  });
}

async function mustRun(command, args, options) {
  const { code, stdout, stderr } = await run(command, args, options);
  assert.equal(code, 0, `${command} ${args.join(' ')}\n${stdout}${stderr}`);
}

function folder(name) {
  const path = stack.path(name);
  mkdirSync(path, { recursive: true });
  return path;
}

const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
const lacks = (...commands) => commands.find((command) => !has(command));
const missing = (command) => (command ? `${command} is not installed` : false);

// Publishes, and is told what is wrong.
async function check(command, args, options) {
  const good = await run(command, [...args, stack.ingest.grpc, stack.apiKey, 'alice', 'hello'], options);
  assert.equal(good.code, 0, good.stdout + good.stderr);
  assert.match(good.stdout, /^\d{16}\n$/);
  const again = await run(command, [...args, stack.ingest.grpc, stack.apiKey, 'alice', 'hello'], options);
  assert.equal(again.stdout, good.stdout);
  const bad = await run(command, [...args, stack.ingest.grpc, stack.apiKey, 'alice', ''], options);
  assert.notEqual(bad.code, 0);
  assert.deepEqual(bad.stdout.trim().split('\n').sort(), ['belfry INVALID_FIELDS', 'notification.title']);
}

// A Python that has grpcio; python3 may be another one than Debian's.
const python = ['python3', '/usr/bin/python3'].find((one) => spawnSync(one, ['-c', 'import grpc, google.protobuf']).status === 0);
const noPython = python ? missing(lacks('protoc', 'grpc_python_plugin')) : 'python3-grpcio is not installed';

test('Python', { skip: noPython }, async () => {
  const out = folder('python');
  const plugin = spawnSync('sh', ['-c', 'command -v grpc_python_plugin']).stdout.toString().trim();
  await mustRun('protoc', ['-I', protos, `--python_out=${out}`, `--grpc_out=${out}`, `--plugin=protoc-gen-grpc=${plugin}`, ...belfry, ...google]);
  await check(python, [join(here, 'generated/client.py')], { env: { ...process.env, PYTHONPATH: out } });
});

const noGo = missing(lacks('protoc', 'go', 'protoc-gen-go', 'protoc-gen-go-grpc')) ||
  // Version 1.3, which Debian has too, does not know what protoc-gen-go makes today.
  (existsSync(join(GO_SOURCES, 'src/google.golang.org/grpc')) && !existsSync(join(GO_SOURCES, 'src/github.com/golang/protobuf/proto/table_unmarshal.go'))
    ? false : 'golang-google-grpc-dev or golang-github-golang-protobuf-1-5-dev is not installed');

test('Go', { skip: noGo }, async () => {
  const out = folder('go');
  const sources = folder('go/src');
  await mustRun('protoc', ['-I', protos, `--go_out=${sources}`, `--go-grpc_out=${sources}`, ...belfry]);
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: `${out}:${GO_SOURCES}`, GOCACHE: folder('go-cache'), GOFLAGS: '' };
  const client = join(out, 'client');
  await mustRun('go', ['build', '-o', client, join(here, 'generated/client.go')], { env });
  await check(client, [], {});
});

test('TypeScript', { skip: existsSync(tsc) ? false : 'the packages of clients/web are not installed' }, async () => {
  const out = folder('typescript');
  writeFileSync(join(out, 'package.json'), '{}');
  symlinkSync(join(here, 'node_modules'), join(out, 'node_modules'));
  cpSync(join(here, 'generated/client.ts'), join(out, 'client.ts'));
  const generate = join(here, 'node_modules/.bin/proto-loader-gen-types');
  await mustRun(generate, ['--grpcLib=@grpc/grpc-js', '--longs=String', '-I', protos, '-O', join(out, 'types'), ...belfry, ...google]);
  await mustRun(tsc, ['--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', 'client.ts'], { cwd: out });
  await check('node', [join(out, 'client.js'), protos], {});
});

test('buf lint', async () => {
  await mustRun(join(here, 'node_modules/.bin/buf'), ['lint'], { cwd: source });
});
