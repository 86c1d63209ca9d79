// SPDX-License-Identifier: Apache-2.0
// gRPC as HTTP/2 frames by hand: messages may be unfinished, unread, too long or no messages at all.
import { constants, connect } from 'node:http2';

export const code = {
  OK: 0, UNKNOWN: 2, INVALID_ARGUMENT: 3, NOT_FOUND: 5, PERMISSION_DENIED: 7, RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12, UNAVAILABLE: 14, UNAUTHENTICATED: 16,
};
export const nameOf = (number) => Object.keys(code).find((name) => code[name] === number) ?? `code ${number}`;

// A message with its five bytes before it; `length` may lie.
export function frame(message, { length = message.length, compressed = 0 } = {}) {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

export class Grpc {
  #session;
  goaway = null;

  // `tls`: options of tls.connect.
  static open(address, { tls, settings, from } = {}) {
    const grpc = new Grpc();
    return new Promise((resolve, reject) => {
      const session = connect(`${tls ? 'https' : 'http'}://${address}`, { ...tls, settings, localAddress: from });
      grpc.#session = session;
      session.once('connect', () => resolve(grpc));
      session.on('error', reject);
      session.on('goaway', (number) => { grpc.goaway = number; });
    });
  }

  get closed() {
    return this.#session.closed || this.#session.destroyed;
  }

  // A call whose messages the caller writes; `call.done` resolves with {status, message, messages}.
  // `read` false: what the server answers is never taken.
  start(path, headers = {}, { read = true } = {}) {
    const stream = this.#session.request({
      ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers,
    });
    const call = { stream, answered: 0 };
    call.done = new Promise((resolve) => {
      const seen = { status: -1, message: '', bytes: [] };
      const take = (fields) => {
        if ('grpc-status' in fields) seen.status = Number(fields['grpc-status']);
        if ('grpc-message' in fields) seen.message = decodeURIComponent(fields['grpc-message']);
        if (fields[':status'] !== undefined && fields[':status'] !== 200) seen.http = fields[':status'];
      };
      stream.on('response', take);
      stream.on('trailers', take);
      stream.on('error', (error) => { seen.error = error.message; });
      if (read) stream.on('data', (bytes) => { call.answered += bytes.length; seen.bytes.push(bytes); });
      stream.on('close', () => resolve({ ...seen, messages: messagesIn(Buffer.concat(seen.bytes)) }));
    });
    return call;
  }

  // One message, one answer. What has not ended within `ms` is cut off with the status -1.
  async call(path, message, headers = {}, { ms = 10_000 } = {}) {
    const call = this.start(path, headers);
    call.stream.end(Buffer.isBuffer(message) ? frame(message) : message.raw);
    const timer = setTimeout(() => call.stream.close(constants.NGHTTP2_CANCEL), ms);
    const seen = await call.done;
    clearTimeout(timer);
    return seen;
  }

  close() {
    this.#session.destroy();
  }
}

function messagesIn(bytes) {
  const messages = [];
  for (let at = 0; at + 5 <= bytes.length;) {
    const length = bytes.readUInt32BE(at + 1);
    messages.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return messages;
}

// One call on a connection of its own.
export async function callOnce(address, path, message, headers = {}, options = {}) {
  let grpc;
  try {
    grpc = await Grpc.open(address, options);
  } catch (error) {
    return { status: -1, message: error.message, messages: [] };
  }
  try {
    return await grpc.call(path, message, headers, options);
  } finally {
    grpc.close();
  }
}

export const bearer = (secret) => ({ authorization: `Bearer ${secret}` });
