// SPDX-License-Identifier: Apache-2.0
// Objects of Kubernetes against the schemas of their kinds.
//
// The schemas take any field they do not know, so a misspelt field would pass. The validators are
// functions that read each field they know by its name: a field that none of them has read is one
// that the schema does not have.
import * as monitoring from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import * as apps from 'kubernetes-models/apps/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';

const kinds = {
  v1: core,
  'apps/v1': apps,
  'networking.k8s.io/v1': networking,
  'policy/v1': policy,
  'monitoring.coreos.com/v1': monitoring,
};

// `value`, which notes in `read` the path of each field that is read from it.
function watched(value, path, read) {
  if (value === null || typeof value !== 'object') return value;
  return new Proxy(value, {
    get(target, key) {
      const found = Reflect.get(target, key);
      if (typeof key === 'symbol' || !Object.hasOwn(target, key)) return found;
      read.add(`${path}/${key}`);
      return watched(found, `${path}/${key}`, read);
    },
  });
}

function* paths(value, path) {
  if (value === null || typeof value !== 'object') return;
  for (const [key, child] of Object.entries(value)) {
    yield `${path}/${key}`;
    yield* paths(child, `${path}/${key}`);
  }
}

// Every mistake in `object`, as lines.
export function mistakes(object) {
  const name = `${object.kind} ${object.metadata?.name}`;
  const Kind = kinds[object.apiVersion]?.[object.kind];
  if (!Kind) return [`${name}: no schema for ${object.apiVersion}`];
  const read = new Set();
  try {
    Kind.prototype.validate.call(watched(object, '', read));
  } catch (error) {
    return [`${name}: ${error.message}`];
  }
  const unknown = [...paths(object, '')].filter((path) => !read.has(path));
  return unknown.map((path) => `${name}: ${path}: no such field`);
}
