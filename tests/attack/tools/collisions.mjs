// SPDX-License-Identifier: Apache-2.0
// Names that libstdc++'s std::hash gives one value. It is MurmurHash64A with a seed that everybody
// knows; each block of 16 bytes is chosen so that the state after it is the same for all choices.
const MASK = (1n << 64n) - 1n;
const MUL = 0xc6a4a7935bd1e995n;
const SEED = 0xc70f6907n;
const CHOICES = 4;
const BLOCKS = 8; // of 16 bytes: 128, the longest user id

const mul = (a, b) => (a * b) & MASK;
const mix = (value) => value ^ (value >> 47n);

// The inverse of an odd number modulo 2^64.
function inverse(odd) {
  let x = odd;
  for (let i = 0; i < 6; i++) x = mul(x, (2n - mul(odd, x)) & MASK);
  return x;
}

const INVERSE = inverse(MUL);
const absorb = (state, word) => mul(state ^ mul(mix(mul(word, MUL)), MUL), MUL);
// The word that takes `state` to `target`.
function wordTo(state, target) {
  const mixed = mul(mul(target, INVERSE) ^ state, INVERSE);
  return mul(mix(mixed), INVERSE); // x ^ x >> 47 undoes itself
}

const bytesOf = (word) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64LE(word); return bytes; };
const printable = (bytes) => bytes.every((byte) => byte >= 0x21 && byte <= 0x7e);

function randomWord() {
  const bytes = Buffer.alloc(8);
  for (let i = 0; i < 8; i++) bytes[i] = 0x61 + Math.floor(Math.random() * 26);
  return bytes.readBigUInt64LE();
}

// CHOICES pairs of words that all lead from `state` to one other state.
function block(state) {
  const first = [randomWord(), randomWord()];
  const target = first.reduce(absorb, state);
  const choices = [Buffer.concat(first.map(bytesOf))];
  while (choices.length < CHOICES) {
    const word = randomWord();
    const second = bytesOf(wordTo(absorb(state, word), target));
    if (printable(second)) choices.push(Buffer.concat([bytesOf(word), second]));
  }
  return { choices, target };
}

// `count` different names of 128 bytes, at most CHOICES ^ BLOCKS.
export function collidingNames(count) {
  const blocks = [];
  let state = SEED ^ mul(BigInt(BLOCKS * 16), MUL);
  for (let i = 0; i < BLOCKS; i++) {
    const { choices, target } = block(state);
    blocks.push(choices);
    state = target;
  }
  return Array.from({ length: count }, (_, number) => (
    Buffer.concat(blocks.map((choices, at) => choices[Math.floor(number / CHOICES ** at) % CHOICES])).toString('latin1')));
}
