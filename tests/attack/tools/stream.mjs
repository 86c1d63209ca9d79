// SPDX-License-Identifier: Apache-2.0
// A text/event-stream as a suspicious reader takes it: every line of every block is kept.
import { answersIn, dechunk, request, Wire } from './wire.mjs';

export class Stream {
  #wire;
  #blocks = [];
  #parsed = 0; // bytes of the body

  // Resolves once the stream is connected, or has been refused: `status` says which.
  static async open(address, fields = {}, { target = '/v1/stream', from, hold = false } = {}) {
    const stream = new Stream();
    stream.#wire = await Wire.open(address, { from, hold });
    await stream.#wire.send(request('GET', target, { Accept: 'text/event-stream', ...fields }));
    if (hold) return stream;
    await stream.#wire.wait(() => stream.#wire.text.includes('\r\n\r\n'), 10_000);
    [stream.answer] = answersIn(stream.#wire.received, stream.#wire.closed);
    stream.status = stream.answer?.status ?? 0;
    if (stream.status === 200) await stream.event('connected');
    return stream;
  }

  get closed() {
    return this.#wire.closed;
  }

  // All bytes of the body so far.
  get body() {
    const { received } = this.#wire;
    const head = received.indexOf('\r\n\r\n');
    if (head < 0) return Buffer.alloc(0);
    const rest = received.subarray(head + 4);
    return this.answer?.headers['transfer-encoding'] ? dechunk(rest).body : rest;
  }

  // What has come, as {lines, event, data, id}.
  get blocks() {
    const text = this.body.toString();
    for (let end = text.indexOf('\n\n', this.#parsed); end >= 0; end = text.indexOf('\n\n', this.#parsed)) {
      this.#blocks.push(blockOf(text.slice(this.#parsed, end)));
      this.#parsed = end + 2;
    }
    return this.#blocks;
  }

  // The greatest id line so far, as a BigInt.
  get cursor() {
    return this.blocks.reduce((last, { id }) => (id === undefined ? last : BigInt(id)), 0n);
  }

  // The first block that `accept` takes, or undefined after `ms` or at the stream's end.
  async find(accept, ms = 10_000) {
    await this.#wire.wait(() => this.blocks.some(accept), ms);
    return this.blocks.find(accept);
  }

  event(name, ms) {
    return this.find((block) => block.event === name, ms);
  }

  titled(title, ms) {
    return this.find((block) => block.data?.includes(JSON.stringify(title).slice(1, -1)), ms);
  }

  // False when it is still open after `ms`.
  end(ms) {
    return this.#wire.wait(() => false, ms);
  }

  close() {
    this.#wire.destroy();
  }
}

function blockOf(text) {
  const lines = text.split('\n');
  const of = (name) => lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
  return { lines, event: of('event')[0], id: of('id')[0], data: of('data').length ? of('data').join('\n') : undefined };
}
