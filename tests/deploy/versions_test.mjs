// SPDX-License-Identifier: Apache-2.0
// CMakeLists.txt has the version; what cannot read it there says the same.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

import { source } from './tools.mjs';

const read = (name) => readFileSync(join(source, name), 'utf8');
const [, version] = /^project\(belfry VERSION (\d+\.\d+\.\d+) /m.exec(read('CMakeLists.txt'));

test('the npm package and the bell', () => {
  assert.equal(JSON.parse(read('clients/web/package.json')).version, version);
  assert.equal(JSON.parse(read('clients/web/package-lock.json')).version, version);
  assert.match(read('clients/web/src/widget/index.js'), new RegExp(`version = '${version}'`));
});

test("Kubernetes' images", () => {
  for (const { newTag } of parse(read('deploy/kubernetes/base/kustomization.yaml')).images) {
    assert.equal(newTag, version);
  }
});

test('the changelog knows the version', () => {
  assert.match(read('CHANGELOG.md'), new RegExp(`^## \\[${version}\\]`, 'm'));
});
