// SPDX-License-Identifier: Apache-2.0
// The npm package as an application gets it: packed, and installed in an empty folder.
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const web = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const run = (program, args, cwd) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const tsc = (folder) => run(process.execPath, [join(web, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json'], folder);

// Gives where it is in `folder`, which is empty before.
export function install(folder) {
  // A copy, so that packing does not write into the sources.
  const copy = join(folder, 'copy');
  cpSync(web, copy, { recursive: true, filter: (path) => !/node_modules|\/(types|dist)$/.test(path.slice(web.length)) });
  tsc(copy);
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], copy);
  rmSync(copy, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  const { version } = JSON.parse(readFileSync(join(web, 'package.json'), 'utf8'));
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./belfry-web-${version}.tgz`], folder);
  return join(folder, 'node_modules', '@belfry', 'web');
}

// Compiles `files` of `folder` as strictly as can be. Throws what tsc says.
export function compile(folder, files, options = {}) {
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
    compilerOptions: { strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'], types: [], ...options }, files,
  }));
  try {
    tsc(folder);
  } catch (error) {
    throw new Error(error.stdout);
  }
}
