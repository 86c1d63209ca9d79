// SPDX-License-Identifier: Apache-2.0
// The npm package as an application gets it: packed, installed elsewhere, imported under Node.js
// where there is no DOM, and compiled against.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const web = dirname(dirname(here));
const folder = mkdtempSync(join(tmpdir(), 'belfry-package-'));
const installed = join(folder, 'node_modules', '@belfry', 'web');

const run = (program, args, cwd = folder) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

before(() => {
  // A copy, so that packing does not write into the sources.
  const copy = join(folder, 'copy');
  cpSync(web, copy, { recursive: true, filter: (path) => !/node_modules|\/(types|dist)$/.test(path.slice(web.length)) });
  run(process.execPath, [join(web, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'], copy);
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], copy);
  rmSync(copy, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  const { version } = JSON.parse(readFileSync(join(web, 'package.json'), 'utf8'));
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./belfry-web-${version}.tgz`]);
});

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
    ['LICENSE', 'README.md', 'custom-elements.json', 'package.json', 'src', 'types']);
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
  assert.equal(run(process.execPath, ['--input-type=module', '-e', script]).trim(), 'idle function string');
});

test('react.js and vue.js are modules of under 50 lines that import nothing else', () => {
  for (const [name, names] of [
    ['react', 'useEffect useMemo useState useSyncExternalStore'],
    ['vue', 'onMounted onScopeDispose shallowRef watchEffect'],
  ]) {
    assert.ok(readFileSync(join(installed, 'src', `${name}.js`), 'utf8').split('\n').length < 50);
    const stub = join(folder, 'node_modules', name);
    mkdirSync(stub, { recursive: true });
    writeFileSync(join(stub, 'package.json'), `{"name":"${name}","version":"18.0.0","type":"module","exports":"./index.js"}`);
    writeFileSync(join(stub, 'index.js'), names.split(' ').map((one) => `export const ${one} = () => {};`).join('\n'));
    const script = `import * as all from '@belfry/web/${name}'; console.log(Object.keys(all).join());`;
    assert.equal(run(process.execPath, ['--input-type=module', '-e', script]).trim(), 'useClient,useList,useSnapshot');
  }
});

test('an application in strict TypeScript compiles against it', () => {
  cpSync(join(here, 'consumer.ts'), join(folder, 'consumer.ts'));
  for (const [module, moduleResolution] of [['es2022', 'bundler'], ['nodenext', 'nodenext']]) {
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
      compilerOptions: { strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'], types: [], module, moduleResolution },
      files: ['consumer.ts'],
    }));
    try {
      run(process.execPath, [join(web, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json']);
    } catch (error) {
      assert.fail(error.stdout);
    }
  }
});
