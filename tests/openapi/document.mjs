// SPDX-License-Identifier: Apache-2.0
// docs/openapi.yaml as the tests read it: its operations with references resolved, and validators of
// its schemas. In answers a member that the document does not name is a fault, although clients must
// expect one: else the document could forget it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'];

export const source = process.env.BELFRY_SOURCE_DIR;
export const text = readFileSync(join(source, 'docs/openapi.yaml'), 'utf8');
export const document = parse(text);

export function resolve(value) {
  if (!value?.$ref) return value;
  const found = value.$ref.slice(2).split('/').reduce((at, name) => at?.[name], document);
  if (found === undefined) throw new Error(`${value.$ref} leads nowhere`);
  return resolve(found);
}

// {path, method, server, operation, parameters}, of the server "ingest" or "edge".
export function operations() {
  const all = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS.filter((name) => item[name])) {
      const parameters = [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map(resolve);
      all.push({ path, method, server: item.servers[0].description, operation: item[method], parameters });
    }
  }
  return all;
}

export const nameOf = (one) => `${one.method.toUpperCase()} ${one.path}`;

// [where, schema, example] of everything in the document that has examples.
export function examples(node = document, where = '#') {
  if (node === null || typeof node !== 'object') return [];
  const found = [];
  const schema = node.schema ?? node;
  if (Array.isArray(node.examples)) node.examples.forEach((value) => found.push([where, schema, value]));
  else if (node.schema && node.examples) {
    for (const [name, { value }] of Object.entries(node.examples)) {
      found.push([`${where}/examples/${name}`, schema, value]);
    }
  }
  if (node.schema && node.example !== undefined) found.push([where, schema, node.example]);
  for (const [name, child] of Object.entries(node)) {
    if (name !== 'examples') found.push(...examples(child, `${where}/${name}`));
  }
  return found;
}

// Lets no object have a member that it does not name, but for one that others add members to.
function closed(node, name) {
  if (Array.isArray(node)) return node.map((child) => closed(child));
  if (node === null || typeof node !== 'object') return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, child]) => [key, closed(child, key)]));
  const open = copy.type === 'object' && copy.properties && !('additionalProperties' in copy);
  if (open && name !== 'NotificationFields') copy.additionalProperties = false;
  return copy;
}

const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
ajv.addSchema({ $id: 'belfry', components: closed(document.components) });
const validators = new Map();

// What is wrong with `value`, empty if it fits the schema.
export function faults(schema, value) {
  const key = JSON.stringify(schema);
  if (!validators.has(key)) {
    const here = JSON.parse(JSON.stringify(closed(schema)).replaceAll('"#/', '"belfry#/'));
    validators.set(key, ajv.compile(here));
  }
  const validate = validators.get(key);
  return validate(value) ? '' : ajv.errorsText(validate.errors, { dataVar: 'it' });
}
