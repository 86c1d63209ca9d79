// SPDX-License-Identifier: Apache-2.0
// Bytes over TCP, and HTTP/1.1 as it comes: nothing here mends what an attacker wants broken.
import { connect } from 'node:net';

import { sleep } from '../../support/node/stack.mjs';

export class Wire {
  received = Buffer.alloc(0);
  closed = false;
  #socket;
  #waiting = new Set();

  // `from`: the local address, one of 127.0.0.0/8; `hold`: never read, so that the peer's sends pile up.
  static open(address, { from, hold = false, halfOpen = false } = {}) {
    const [host, port] = address.split(':');
    const wire = new Wire();
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port: Number(port), localAddress: from, allowHalfOpen: halfOpen });
      wire.#socket = socket;
      if (hold) socket.pause();
      else socket.on('data', (bytes) => wire.#take(bytes));
      socket.once('connect', () => resolve(wire));
      socket.on('error', reject); // after 'connect' nobody hears it; 'close' follows
      socket.once('close', () => { wire.closed = true; wire.#wake(); });
      socket.once('end', () => { wire.closed = true; wire.#wake(); });
    });
  }

  #take(bytes) {
    this.received = Buffer.concat([this.received, bytes]);
    this.#wake();
  }

  #wake() {
    for (const wake of this.#waiting) wake();
  }

  get text() {
    return this.received.toString('latin1');
  }

  get unsent() {
    return this.#socket.writableLength;
  }

  // Resolves once the kernel has taken the bytes or the connection has failed.
  send(bytes) {
    if (this.closed || this.#socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => { this.#socket.write(bytes, () => resolve()); });
  }

  end() {
    this.#socket.end();
  }

  destroy() {
    this.#socket.destroy();
  }

  // Until `ready()` or the connection's end; false when neither came within `ms`.
  async wait(ready, ms) {
    const done = () => ready() || this.closed;
    if (done()) return true;
    return new Promise((resolve) => {
      const settle = (value) => { clearTimeout(timer); this.#waiting.delete(wake); resolve(value); };
      const wake = () => { if (done()) settle(true); };
      const timer = setTimeout(() => settle(false), ms);
      this.#waiting.add(wake);
    });
  }
}

// The answers in `bytes`, as many as are whole: {status, headers, body}.
export function answersIn(bytes, closed) {
  const answers = [];
  let rest = bytes;
  for (;;) {
    const head = rest.indexOf('\r\n\r\n');
    if (head < 0) return answers;
    const [line, ...fields] = rest.subarray(0, head).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(line)?.[1]);
    if (!status) return answers;
    const headers = {};
    for (const field of fields) {
      const at = field.indexOf(':');
      const name = field.slice(0, at).toLowerCase();
      const value = field.slice(at + 1).trim();
      headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
    }
    const body = bodyOf(rest.subarray(head + 4), headers, status, closed);
    answers.push({ status, headers, body: body?.bytes ?? rest.subarray(head + 4) });
    if (!body) return answers;
    rest = rest.subarray(head + 4 + body.length);
  }
}

function bodyOf(bytes, headers, status, closed) {
  if (status < 200 || status === 204 || status === 304) return { bytes: Buffer.alloc(0), length: 0 };
  if (headers['transfer-encoding']) {
    const { body, length, ended } = dechunk(bytes);
    return ended ? { bytes: body, length } : null;
  }
  if (headers['content-length']) {
    const length = Number(headers['content-length']);
    return bytes.length < length ? null : { bytes: bytes.subarray(0, length), length };
  }
  return closed ? { bytes, length: bytes.length } : null;
}

// The data of the chunks that are whole.
export function dechunk(bytes) {
  const parts = [];
  let at = 0;
  for (;;) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) break;
    const size = parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    if (!(size >= 0) || bytes.length < line + 2 + size + 2) break;
    at = line + 2 + size + 2;
    if (size === 0) return { body: Buffer.concat(parts), length: at, ended: true };
    parts.push(bytes.subarray(line + 2, line + 2 + size));
  }
  return { body: Buffer.concat(parts), length: at, ended: false };
}

// Sends `bytes` and takes what comes until the peer closes, for `ms` at most. `pieces` are sent one
// by one, so that each has a segment of its own.
export async function exchange(address, bytes, { ms = 2000, from, pieces = [] } = {}) {
  const wire = await Wire.open(address, { from });
  await wire.send(bytes);
  for (const piece of pieces) {
    await sleep(10);
    await wire.send(piece);
  }
  await wire.wait(() => false, ms);
  const { received, closed } = wire;
  wire.destroy();
  return { answers: answersIn(received, closed), closed, text: received.toString('latin1') };
}

// A request as text, with what HTTP/1.1 needs; fields come as given, in their order.
export function request(method, target, fields = {}, body = '') {
  const all = { Host: 'localhost', Connection: 'close', ...fields };
  if (body.length > 0 && !('Content-Length' in all)) all['Content-Length'] = Buffer.byteLength(body);
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${head}\r\n`, 'latin1'), Buffer.from(body)]);
}

// One request, one answer.
export async function ask(address, method, target, fields = {}, body = '', options = {}) {
  const { answers } = await exchange(address, request(method, target, fields, body), { ms: 10_000, ...options });
  const [answer] = answers;
  if (!answer) return { status: 0, headers: {}, body: Buffer.alloc(0), text: '' };
  return { ...answer, text: answer.body.toString() };
}

export const reasonOf = (answer) => /"reason":"(\w+)"/.exec(answer.text ?? '')?.[1] ?? '';
