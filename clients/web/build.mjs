// SPDX-License-Identifier: Apache-2.0
// Makes what the edge serves of the sources: bundled, minified, named by hash, compressed.
//
//   node build.mjs OUT [--check-sizes NAME...]     fails if one is larger than it may be
//
// OUT/<name>.<hash>.js with .gz and .br beside each, and OUT/manifest.json, which says under which
// paths they are served. What is imported dynamically becomes a file of its own, loaded on demand.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

import { gzipAsync } from '@gfx/zopfli';
import { build, transformSync } from 'esbuild';
import { minify } from 'terser';

const here = dirname(fileURLToPath(import.meta.url));
const { version } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));

// A module, or a script of the page. `bytesMax` is of the gzipped file.
const ENTRIES = [
  { name: 'belfry', source: 'src/client/index.js', bytesMax: 6 * 1024 },
  { name: 'widget', source: 'src/widget/index.js', script: true, bytesMax: 15 * 1024 },
];

// Properties that only our modules say to each other. A name that a page, the edge, another build's tab
// (tabs.js) or a part of the DOM that we use has does not belong here.
const OURS = ['onSaid', 'onCondition', 'onRole', 'onWelcome', 'onShown', 'onCounts', 'onPage',
  'onDenied', 'settledAt', 'renewAt', 'waitMs', 'asOf', 'heard', 'requests', 'tokens', 'suspend',
  'network', 'renew', 'onFailed', 'onState', 'onClose', 'listener', 'tell', 'visible', 'resume', 'merge', 'snapshot', 'explain', 'operate', 'overlay', 'startAgain', 'arrive', 'touch', 'isDown',
  // The widget's
  'words', 'say', 'isOpen', 'restart', 'relabel', 'setClient', 'setOpen', 'opened', 'closed', 'redraw',
  'choose', 'tick', 'offer', 'changed', 'stays', 'secondsLeft', 'disconnect', 'emit', 'ui', 'ago', 'render',
  'element', 'update', 'options', 'number', 'item', 'send', 'show', 'root', 'when', 'post', 'who', 'base', 'next'];

// A stylesheet in a template literal, without what only a reader needs.
const tighten = (code) => code.replace(/(const css = `)([^`]*)`/, (_, head, css) => {
  const { code: small } = transformSync(css, { loader: 'css', minify: true, target: 'chrome125,firefox125,safari17.5'.split(',') });
  // esbuild leaves the values of custom properties as they are.
  return `${head}${small.trim().replace(/([:,]) /g, '$1')}\``;
});

// terser's output is four percent smaller than esbuild's own.
const smaller = {
  module: true,
  ecma: 2020,
  compress: { passes: 4, unsafe: true, unsafe_arrows: true, pure_getters: true, hoist_funs: true, reduce_funcs: false, inline: 1 },
  mangle: { properties: { builtins: true, regex: new RegExp(`^(${OURS.join('|')})$`) } },
  nameCache: {}, // a name is the same in all files
};

const digest = (algorithm, bytes, encoding) => createHash(algorithm).update(bytes).digest(encoding);

class Output {
  #chunks = new Map(); // absolute source path -> served path
  files = [];

  constructor(folder) {
    this.folder = folder;
  }

  // Writes one file and gives the path it is served under.
  async #write(name, bytes, alias) {
    const file = `${name}.${digest('sha256', bytes, 'hex').slice(0, 8)}.js`;
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    // zopfli's is three percent smaller than zlib's best.
    const gzip = await gzipAsync(bytes, { numiterations: 100 });
    const brotli = brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    writeFileSync(path, bytes);
    writeFileSync(`${path}.gz`, gzip);
    writeFileSync(`${path}.br`, brotli);
    this.files.push({
      file, alias, integrity: `sha384-${digest('sha384', bytes, 'base64')}`,
      bytes: bytes.length, gzip: gzip.length, brotli: brotli.length,
    });
    return file;
  }

  async #chunk(source) {
    if (!this.#chunks.has(source)) {
      const folder = basename(dirname(source)) === 'locales' ? 'locales/' : '';
      const name = folder + basename(source, '.js').replace(/\.lazy$/, '');
      const code = await this.#bundle({ entryPoints: [source] }, true);
      this.#chunks.set(source, await this.#write(name, Buffer.from(code)));
    }
    return this.#chunks.get(source);
  }

  async #bundle(entry, isChunk = false) {
    const { outputFiles } = await build({
      ...entry, absWorkingDir: here, bundle: true, write: false,
      format: 'esm', target: 'es2022', charset: 'utf8', legalComments: 'none', logLevel: 'warning',
      plugins: [{
        name: 'on demand',
        setup: ({ onResolve, onLoad }) => {
          onLoad({ filter: /widget\/[^/]+\.js$/ }, ({ path }) => ({ contents: tighten(readFileSync(path, 'utf8')) }));
          onResolve({ filter: /^\./ }, async ({ kind, path, resolveDir }) => {
            if (kind !== 'dynamic-import') return undefined;
            if (isChunk) throw new Error(`${path}: a part that is loaded on demand loads no other`);
            return { path: `./${await this.#chunk(resolve(resolveDir, path))}`, external: true };
          });
        },
      }],
    });
    return (await minify(outputFiles[0].text, smaller)).code;
  }

  async entry({ name, source, script }) {
    const code = script ? await this.#script(source) : await this.#bundle({ entryPoints: [source] });
    await this.#write(name, Buffer.from(code), `${name}.js`);
  }

  // A script of another origin has no address of its own to import from: its base is about:blank.
  async #script(source) {
    const contents = `import { BelfryBell, init, createClient, version } from './${source}';
      BelfryBell.home = here;
      globalThis.Belfry = { init, createClient, version };`;
    const code = (await this.#bundle({ stdin: { contents, resolveDir: here } }))
      .replaceAll('import("./', 'import(here+"');
    return `'use strict';(()=>{const here=document.currentScript.src.replace(/[^/]*$/,"");${code}})();\n`;
  }
}

function checkSizes(files, names) {
  for (const { name, bytesMax } of ENTRIES.filter((entry) => names.includes(entry.name))) {
    const file = files.find(({ alias }) => alias === `${name}.js`);
    const fits = file.gzip <= bytesMax;
    console.log(`${name}.js: ${file.gzip} of ${bytesMax} bytes, gzipped${fits ? '' : ': TOO LARGE'}`);
    if (!fits) process.exitCode = 1;
  }
}

const [folder, flag, ...names] = process.argv.slice(2);
if (!folder || (flag && flag !== '--check-sizes')) {
  console.error('usage: node build.mjs OUT [--check-sizes NAME...]');
  process.exit(2);
}
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const output = new Output(resolve(folder));
for (const entry of ENTRIES) {
  if (existsSync(join(here, entry.source))) await output.entry(entry);
}
writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify({ version, files: output.files }, null, 2)}\n`);
checkSizes(output.files, names);
console.log(`${output.files.length} files in ${relative(process.cwd(), resolve(folder)) || '.'}`);
