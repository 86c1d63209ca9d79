// SPDX-License-Identifier: Apache-2.0
// Protobuf by hand, so that a message can be as wrong as a row wants it.

export function varint(value) {
  const bytes = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

// Numbers and BigInts become varints, all else length-delimited.
export function field(number, value) {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return Buffer.concat([varint(number << 3), varint(value)]);
  }
  const bytes = Buffer.from(value);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

// {3: 'text', 4: 5n, 6: [..repeated..]}
export function message(fields) {
  return Buffer.concat(Object.entries(fields).flatMap(([number, value]) => (
    Array.isArray(value) ? value.map((one) => field(Number(number), one)) : [field(Number(number), value)])));
}

// {number: [values]}: BigInt or Buffer.
export function parse(bytes) {
  const fields = {};
  let at = 0;
  const next = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(next());
    const kind = key & 7;
    let value;
    if (kind === 0) value = next();
    else {
      const length = kind === 2 ? Number(next()) : kind === 1 ? 8 : 4;
      value = bytes.subarray(at, at += length);
    }
    (fields[key >> 3] ??= []).push(value);
  }
  return fields;
}
