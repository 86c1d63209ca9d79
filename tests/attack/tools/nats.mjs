// SPDX-License-Identifier: Apache-2.0
// NATS's text protocol, for somebody whom nobody asked to speak it.
import { connect } from 'node:net';

export class Nats {
  errors = []; // what the server said with -ERR
  messages = []; // {subject, bytes}
  #socket;
  #buffer = Buffer.alloc(0);
  #pongs = [];
  #listener = () => {};

  // Resolves once the server has taken the CONNECT or refused it; `refused` says which.
  static async open(address, credentials = {}) {
    const [host, port] = address.split(':');
    const nats = new Nats();
    nats.#socket = connect({ host, port: Number(port) });
    nats.#socket.on('data', (bytes) => nats.#take(bytes));
    nats.#socket.on('error', () => {});
    nats.#socket.on('close', () => { nats.closed = true; for (const pong of nats.#pongs.splice(0)) pong(); });
    nats.#write(`CONNECT ${JSON.stringify({ verbose: false, pedantic: false, ...credentials })}\r\n`);
    await nats.flush();
    nats.refused = nats.closed === true || nats.errors.some((error) => /Authorization/i.test(error));
    return nats;
  }

  #write(bytes) {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  // The server has worked through all that was sent.
  flush() {
    if (this.closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#pongs.push(resolve);
      this.#write('PING\r\n');
    });
  }

  async publish(subject, bytes) {
    this.#write(Buffer.concat([Buffer.from(`PUB ${subject} ${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]));
    await this.flush();
  }

  async subscribe(subject, listener = () => {}) {
    this.#listener = listener;
    this.#write(`SUB ${subject} 1\r\n`);
    await this.flush();
  }

  #take(bytes) {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    for (;;) {
      const end = this.#buffer.indexOf('\r\n');
      if (end < 0) return;
      const line = this.#buffer.subarray(0, end).toString();
      let used = end + 2;
      if (line.startsWith('MSG ')) {
        const words = line.split(' ');
        const length = Number(words.at(-1));
        if (this.#buffer.length < used + length + 2) return;
        const message = { subject: words[1], bytes: Buffer.from(this.#buffer.subarray(used, used + length)) };
        used += length + 2;
        this.messages.push(message);
        this.#listener(message);
      } else if (line === 'PONG') {
        this.#pongs.shift()?.();
      } else if (line === 'PING') {
        this.#write('PONG\r\n');
      } else if (line.startsWith('-ERR')) {
        this.errors.push(line.slice(5));
      }
      this.#buffer = this.#buffer.subarray(used);
    }
  }

  close() {
    this.#socket.destroy();
  }
}
