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
const IN_FLIGHT = 64;

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

// The answers to a PATCH of each path, over one connection: {path: allow}, without those of 404.
function probe(address, paths) {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host);
  const found = new Map();
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    let bytes = '';
    const send = () => {
      while (sent < paths.length && sent - answered < IN_FLIGHT) {
        const path = paths[sent++].replaceAll(PLACE, VALUE);
        socket.write(`PATCH ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      }
    };
    const take = () => {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return false;
      const head = bytes.slice(0, end);
      const length = Number(/^content-length: (\d+)/im.exec(head)[1]);
      if (bytes.length < end + 4 + length) return false;
      bytes = bytes.slice(end + 4 + length);
      const status = Number(head.slice(9, 12));
      const allow = /^allow: (.*)$/im.exec(head)?.[1];
      if (status === 405) found.set(paths[answered], allow.split(', ').sort().join(', '));
      else if (status !== 404) throw new Error(`PATCH ${paths[answered]}: ${head.split('\r\n')[0]}`);
      answered++;
      return true;
    };
    socket.setEncoding('latin1');
    socket.on('data', (data) => {
      bytes += data;
      try {
        while (take());
      } catch (error) {
        return reject(error);
      }
      if (answered === paths.length) return resolve(found);
      return send();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${address} closed the connection`)));
    send();
  }).finally(() => socket.destroy());
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
