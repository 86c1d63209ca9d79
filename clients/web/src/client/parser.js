// SPDX-License-Identifier: Apache-2.0
// The event stream format of HTML, section 9.2.6: bytes in, blocks out.

/**
 * @typedef {object} Block
 * @property {string} type the `event:` field; '' if there was none
 * @property {string|null} data null: the block only moves the cursor
 * @property {string} id the last event id, which stays until another `id:` comes
 */

/**
 * Gives a function that takes the stream's chunks in order, cut anywhere.
 * @param {(block: Block) => void} onBlock
 * @param {(ms: number) => void} onRetry
 */
export function createParser(onBlock, onRetry) {
  const decoder = new TextDecoder(); // drops a byte order mark
  let rest = '';
  let endedByCr = false;
  let type = '';
  /** @type {string|null} */
  let data = null;
  let id = '';
  let sentId = '';

  /** @param {string} line */
  function takeLine(line) {
    const [, name, value] = /** @type {string[]} */ (/^([^:]*):? ?([^]*)$/.exec(line));
    if (name === 'data') data = data === null ? value : `${data}\n${value}`;
    if (name === 'event') type = value;
    if (name === 'id' && !value.includes('\0')) id = value;
    if (name === 'retry' && /^\d+$/.test(value)) onRetry(+value);
    if (line) return;
    if (data !== null || id !== sentId) onBlock({ type, data, id });
    type = '';
    data = null;
    sentId = id;
  }

  return (/** @type {Uint8Array} */ chunk) => {
    let text = decoder.decode(chunk, { stream: true });
    if (!text) return;
    if (endedByCr && text[0] === '\n') text = text.slice(1);
    endedByCr = text.endsWith('\r');
    const lines = (rest + text).split(/\r\n|\r|\n/);
    rest = lines.pop() ?? '';
    lines.forEach(takeLine);
  };
}
