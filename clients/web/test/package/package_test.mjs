// SPDX-License-Identifier: Apache-2.0
// The npm package as an application gets it: packed, installed elsewhere, imported under Node.js
// where there is no DOM, and compiled against.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { compile, install, run, web } from './install.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'belfry-package-'));
let installed;

// As much of React as the types name.
const REACT_TYPES = `
  export interface HTMLAttributes<T> { className?: string; title?: string }
  export type DetailedHTMLProps<E, T> = E & { ref?: { current: T | null } };
  export namespace JSX { interface IntrinsicElements {} }`;

function stub(name, code, types = '') {
  const at = join(folder, 'node_modules', name);
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'package.json'), `{"name":"${name}","version":"18.0.0","type":"module","exports":{"types":"./index.d.ts","default":"./index.js"}}`);
  writeFileSync(join(at, 'index.js'), code);
  writeFileSync(join(at, 'index.d.ts'), types);
}

before(() => { installed = install(folder); });

after(() => rmSync(folder, { recursive: true, force: true }));

test('has what it says, and no more', () => {
  const { exports, customElements, dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  for (const part of Object.values(exports)) {
    for (const file of Object.values(typeof part === 'string' ? { part } : part)) {
      assert.ok(existsSync(join(installed, file)), `${file} is missing`);
    }
  }
  assert.ok(existsSync(join(installed, customElements)));
  assert.equal(dependencies, undefined);
  assert.deepEqual(readdirSync(installed).sort(),
    ['LICENSE', 'README.md', 'custom-elements.json', 'package.json', 'react.d.ts', 'src', 'types', 'widget.d.ts']);
  assert.equal(readFileSync(join(installed, 'LICENSE'), 'utf8'), readFileSync(join(web, '../../LICENSE'), 'utf8'));
  const files = (of) => readdirSync(join(installed, of), { recursive: true }).map((name) => name.replaceAll('\\', '/'));
  assert.deepEqual(files('src').filter((name) => name.endsWith('.js')).sort(),
    files('types').filter((name) => name.endsWith('.d.ts')).map((name) => name.replace(/d\.ts$/, 'js')).sort());
});

test('may be imported where there is no DOM, and a client be made', () => {
  const script = `
    import { createClient } from '@belfry/web';
    import { init, version } from '@belfry/web/widget';
    const client = createClient({ projectId: 'shop', userId: 'alice' });
    client.start();
    client.stop();
    console.log(client.getSnapshot().state, typeof init, typeof version);`;
  assert.equal(run(process.execPath, ['--input-type=module', '-e', script], folder).trim(), 'idle function string');
});

test('react.js and vue.js are modules of under 50 lines that import nothing else', () => {
  for (const [name, names] of [
    ['react', 'useEffect useMemo useState useSyncExternalStore'],
    ['vue', 'onMounted onScopeDispose shallowRef watchEffect'],
  ]) {
    assert.ok(readFileSync(join(installed, 'src', `${name}.js`), 'utf8').split('\n').length < 50);
    stub(name, names.split(' ').map((one) => `export const ${one} = () => {};`).join('\n'));
    const script = `import * as all from '@belfry/web/${name}'; console.log(Object.keys(all).join());`;
    assert.equal(run(process.execPath, ['--input-type=module', '-e', script], folder).trim(), 'useClient,useList,useSnapshot');
  }
});

test('an application in strict TypeScript compiles against it', () => {
  stub('react', '', REACT_TYPES);
  cpSync(join(here, 'consumer.ts'), join(folder, 'consumer.ts'));
  for (const [module, moduleResolution] of [['es2022', 'bundler'], ['nodenext', 'nodenext']]) {
    compile(folder, ['consumer.ts'], { module, moduleResolution });
  }
});
