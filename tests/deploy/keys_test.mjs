// SPDX-License-Identifier: Apache-2.0
// Each program sees its own keys and no other's: compose.yaml, Kubernetes and make-keys.sh agree on
// whose they are.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';

import { run, source } from './tools.mjs';

const script = join(source, 'deploy/make-keys.sh');
const services = ['store', 'ingest', 'edge', 'nats'];
const filesOf = (service) =>
  execFileSync(script, ['--files', service], { encoding: 'utf8' }).trim().split(' ').sort();

const keys = '/var/lib/belfry/keys';
const compose = parse(readFileSync(join(source, 'compose.yaml'), 'utf8'), { merge: true });
const mounts = (service) =>
  (compose.services[service].volumes ?? []).map((line) => {
    const [volume, path, mode] = line.split(':');
    return { volume, path, mode };
  });

test('a container of compose.yaml mounts its own keys, which it cannot change', () => {
  for (const service of Object.keys(compose.services).filter((name) => name !== 'keys')) {
    const own = mounts(service).filter(({ volume }) => volume.startsWith('keys'));
    const wanted = services.includes(service)
      ? [{ volume: `keys-${service}`, path: keys, mode: 'ro' }]
      : [];
    assert.deepEqual(own, wanted, service);
  }
});

test('what makes the keys fills the volume of each service', () => {
  const [program, all, ...copies] = compose.services.keys.command;
  assert.equal(program, 'belfry-make-keys');
  const place = new Map(mounts('keys').map(({ volume, path }) => [volume, path]));
  assert.equal(all, place.get('keys'));
  assert.deepEqual(copies, services.map((name) => `${name}=${place.get(`keys-${name}`)}`));
  for (const volume of place.keys()) assert.ok(volume in compose.volumes, volume);
  // A new volume gets the owner of the folder that the image has there.
  const image = readFileSync(join(source, 'deploy/Dockerfile'), 'utf8');
  for (const path of place.values()) assert.match(image, new RegExp(`${path}( |\n)`), path);
});

// A path below the keys that a service of compose.yaml names, in a variable or a word.
const named = ({ environment = {}, command }) =>
  [...Object.values(environment), ...command].filter((word) => word.startsWith(`${keys}/`));

test('a service of compose.yaml names only files that it is given', () => {
  for (const service of services) {
    const files = named(compose.services[service]).map((path) => basename(path));
    assert.deepEqual(files.sort(), filesOf(service), service);
  }
});

test("a secret of Kubernetes has the files that its program's settings name", () => {
  const objects = parseAllDocuments(run('kubectl', ['kustomize', join(source, 'deploy/kubernetes/base')]));
  for (const service of ['store', 'ingest', 'edge']) {
    const { spec } = objects
      .map((object) => object.toJS())
      .find(({ kind, metadata }) => /Deployment|StatefulSet/.test(kind) && metadata.name === `belfry-${service}`)
      .spec.template;
    const secrets = spec.volumes.filter(({ secret }) => secret?.secretName.endsWith('-keys'));
    assert.deepEqual(secrets.map(({ secret }) => secret.secretName), [`belfry-${service}-keys`]);
    for (const { name, value } of spec.containers[0].env) {
      if (!value?.startsWith('/etc/belfry/keys/')) continue;
      assert.ok(filesOf(service).includes(basename(value)), `${service}: ${name}`);
    }
  }
});

const work = mkdtempSync(join(tmpdir(), 'belfry-keys-'));
after(() => rmSync(work, { recursive: true }));

// In place of the command line, which is not built here: it prints a key, and writes it to --file.
writeFileSync(join(work, 'belfry'), `#!/bin/sh
file=
while [ $# -gt 0 ]; do
  [ "$1" != --file ] || file="$2"
  shift
done
[ -z "$file" ] || echo "hash $$" >>"$file"
echo "key $$"
`);
chmodSync(join(work, 'belfry'), 0o755);
const makeKeys = (...args) =>
  spawnSync(script, args, {
    encoding: 'utf8', cwd: work, env: { ...process.env, PATH: `${work}:${process.env.PATH}` },
  });

test('copies are for their owner only, and are not made anew', () => {
  const copies = services.map((name) => `${name}=copies/${name}`);
  assert.equal(makeKeys('all', ...copies).status, 0);
  for (const service of services) {
    const folder = join(work, 'copies', service);
    assert.deepEqual(readdirSync(folder).sort(), filesOf(service));
    for (const file of filesOf(service)) {
      assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600, file);
      assert.equal(readFileSync(join(folder, file), 'utf8'), readFileSync(join(work, 'all', file), 'utf8'));
    }
  }
  writeFileSync(join(work, 'copies/edge/jwt-keys.json'), 'rotated');
  rmSync(join(work, 'copies/edge/edge.key'));
  assert.equal(makeKeys('all', ...copies).status, 0);
  assert.equal(readFileSync(join(work, 'copies/edge/jwt-keys.json'), 'utf8'), 'rotated');
  assert.ok(existsSync(join(work, 'copies/edge/edge.key')));
});

test('wrong words are named before anything is made', () => {
  for (const [args, said] of [
    [['new', 'shop=copies'], /no such service: shop \(store, ingest, edge, nats\)/],
    [['new', 'store'], /store is not SERVICE=FOLDER/],
    [['new', 'store='], /store= is not SERVICE=FOLDER/],
    [['--files', 'shop'], /no such service: shop/],
    [[], /usage: make-keys.sh FOLDER/],
  ]) {
    const { status, stderr } = makeKeys(...args);
    assert.equal(status, 2, args.join(' '));
    assert.match(stderr, said);
  }
  assert.ok(!existsSync(join(work, 'new')));
});
