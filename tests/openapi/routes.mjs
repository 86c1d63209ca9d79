// SPDX-License-Identifier: Apache-2.0
// The routes of a running server, found by asking it. A path that it knows answers a method that it
// does not know with 405 and Allow, without authentication; others answer 404. Which paths to ask for
// comes from the words in its source, so that a route that nobody has documented is found too.
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

import { source } from './document.mjs';

const PLACE = '{}'; // of a parameter
const VALUE = '1'; // what is sent for it: a possible id, user and name
const IN_FLIGHT = 16;

const filesOf = (path) => (path.endsWith('.cc') ? [path] : readdirSync(join(source, path))
  .filter((name) => name.endsWith('.cc')).map((name) => join(path, name)));

// Every word of a string literal in these files and folders that could be part of a path.
export function words(...paths) {
  const found = new Set();
  for (const file of paths.flatMap(filesOf)) {
    const code = readFileSync(join(source, file), 'utf8').replace(/^#include.*$/gm, '');
    for (const [, literal] of code.matchAll(/"([^"\\\n]*)"/g)) {
      if (/[ :=<>()]/.test(literal)) continue; // a sentence, a header
      literal.split('/').filter((word) => /^[a-z][a-z-]{2,20}$/.test(word)).forEach((word) => found.add(word));
    }
  }
  return [...found, PLACE];
}

// The answer to a PATCH of one path: what it allows, or undefined if it is 404. A refusal ends its
// connection, so that each has its own.
function allowed(host, port, path) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (data) => { answer += data; });
    socket.on('error', reject);
    socket.on('close', () => {
      const status = Number(answer.slice(9, 12));
      if (status === 405) resolve(/^allow: (.*)$/im.exec(answer)[1].split(', ').sort().join(', '));
      else if (status === 404) resolve(undefined);
      else reject(new Error(`PATCH ${path}: ${answer.split('\r\n')[0]}`));
    });
    socket.write(`PATCH ${path.replaceAll(PLACE, VALUE)} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
}

// {path: allow} of those among the paths that there are.
async function probe(address, paths) {
  const [host, port] = address.split(':');
  const found = new Map();
  const left = [...paths];
  const work = async () => {
    while (left.length > 0) {
      const path = left.pop();
      const allow = await allowed(host, Number(port), path);
      if (allow !== undefined) found.set(path, allow);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return found;
}

const below = (prefix, known) => known.map((word) => `${prefix}/${word}`);

// {path: "GET, POST"} of all routes under /v1: three words deep, and two below what that has found.
export async function routes(address, known) {
  const all = new Map();
  const asked = new Set();
  const ask = async (paths) => {
    const fresh = paths.filter((path) => !asked.has(path));
    fresh.forEach((path) => asked.add(path));
    if (fresh.length === 0) return;
    for (const [path, allow] of await probe(address, fresh)) all.set(path, allow);
  };
  const explore = async (prefix, depth) => {
    let paths = [prefix];
    for (let level = 0; level < depth; level++) {
      paths = paths.flatMap((path) => below(path, known));
      await ask(paths);
    }
  };
  // A word in a parameter's place is a route of its own only if it has other methods.
  const general = (path) => path.split('/').some((part, at, parts) => {
    const other = [...parts.slice(0, at), PLACE, ...parts.slice(at + 1)].join('/');
    return at > 1 && part !== PLACE && all.get(other) === all.get(path);
  });
  const explored = new Set(['/v1']);
  await explore('/v1', 3);
  for (let grown = true; grown;) {
    grown = false;
    const paths = [...all.keys()].filter((path) => !general(path));
    const prefixes = new Set(paths.flatMap((path) => [path, path.slice(0, path.lastIndexOf('/'))]));
    for (const prefix of prefixes) {
      if (explored.has(prefix)) continue;
      explored.add(prefix);
      await explore(prefix, 2);
      grown = true;
    }
  }
  return new Map([...all].filter(([path]) => !general(path)));
}
