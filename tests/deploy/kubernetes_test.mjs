// SPDX-License-Identifier: Apache-2.0
// deploy/kubernetes as kubectl renders it: each object fits its schema, and the objects fit each other.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';

import { mistakes } from './schema.mjs';
import { settings } from './settings.mjs';
import { run, source } from './tools.mjs';

const render = (folder) =>
  parseAllDocuments(run('kubectl', ['kustomize', join(source, 'deploy/kubernetes', folder)])).map((d) =>
    d.toJS(),
  );
const base = render('base');
const monitoring = render('monitoring');

const ofKind = (...kinds) => base.filter((object) => kinds.includes(object.kind));
const workloads = ofKind('Deployment', 'StatefulSet');
const services = ofKind('Service');
const policies = ofKind('NetworkPolicy');
const podOf = (workload) => workload.spec.template;
const only = (pod) => pod.spec.containers[0];
const named = (name) => workloads.find((workload) => workload.metadata.name === name);
const selects = (labels, pod) =>
  Object.entries(labels ?? {}).every(([key, value]) => pod.metadata.labels[key] === value);

test('every object fits the schema of its kind', () => {
  assert.deepEqual([...base, ...monitoring].flatMap(mistakes), []);
});

test('a misspelt field and a wrong value are found', () => {
  const misspelt = structuredClone(named('belfry-edge'));
  misspelt.spec.template.spec.terminationGracePeriodSecond = 45;
  assert.match(mistakes(misspelt).join(), /terminationGracePeriodSecond: no such field/);
  const wrong = structuredClone(named('belfry-edge'));
  wrong.spec.replicas = 'two';
  assert.notDeepEqual(mistakes(wrong), []);
});

test('one store, which has volumes for its data and its backups', () => {
  const store = named('belfry-store');
  assert.equal(store.kind, 'StatefulSet');
  assert.equal(store.spec.replicas, 1);
  assert.deepEqual(
    store.spec.volumeClaimTemplates.map((claim) => claim.metadata.name),
    ['data', 'backups'],
  );
});

test('each variable is a setting of its program, and each address it listens on is a port', () => {
  for (const workload of workloads.filter(({ metadata }) => metadata.name !== 'belfry-nats')) {
    const container = only(podOf(workload));
    const known = settings(container.command[0].replace('belfry-', ''));
    for (const { name, value } of container.env) {
      assert.ok(known.has(name.toLowerCase().replace('belfry_', '')), `${container.name}: ${name}`);
      const [, port] = /^0\.0\.0\.0:(\d+)$/.exec(value ?? '') ?? [];
      if (port) assert.ok(container.ports.some((one) => one.containerPort === Number(port)), name);
    }
  }
});

test('each address that a program calls is a service and one of its ports', () => {
  for (const workload of workloads) {
    for (const { name, value } of only(podOf(workload)).env ?? []) {
      const [, host, port] = /(?:^|\/\/)(belfry-\w+):(\d+)$/.exec(value ?? '') ?? [];
      if (!host) continue;
      const service = services.find((one) => one.metadata.name === host);
      assert.ok(service?.spec.ports.some((one) => one.port === Number(port)), `${name}: ${value}`);
    }
  }
});

test('services, probes, mounts and disruption budgets refer to what is there', () => {
  for (const service of services) {
    const pods = workloads.map(podOf).filter((pod) => selects(service.spec.selector, pod));
    assert.equal(pods.length, 1, service.metadata.name);
    for (const { targetPort } of service.spec.ports) {
      assert.ok(only(pods[0]).ports.some((port) => port.name === targetPort), targetPort);
    }
  }
  for (const budget of ofKind('PodDisruptionBudget')) {
    assert.equal(
      workloads.filter((one) => selects(budget.spec.selector.matchLabels, podOf(one))).length,
      1,
      budget.metadata.name,
    );
  }
  for (const workload of workloads) {
    const pod = podOf(workload);
    const container = only(pod);
    assert.ok(selects(workload.spec.selector.matchLabels, pod), workload.metadata.name);
    const volumes = [...pod.spec.volumes, ...(workload.spec.volumeClaimTemplates ?? [])].map(
      (volume) => volume.name ?? volume.metadata.name,
    );
    assert.deepEqual(container.volumeMounts.map((mount) => mount.name).sort(), volumes.sort());
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'].map((name) => container[name])) {
      if (probe) assert.ok(container.ports.some((port) => port.name === probe.httpGet.port));
    }
  }
});

test('a file that a setting names lies in a mounted folder', () => {
  for (const workload of workloads) {
    const container = only(podOf(workload));
    for (const { name, value } of container.env ?? []) {
      if (!value?.startsWith('/')) continue;
      const mount = container.volumeMounts.find(({ mountPath }) => value.startsWith(`${mountPath}/`));
      assert.ok(mount, `${name}: ${value}`);
    }
  }
});

test('an edge has time to drain before it is killed', () => {
  const seconds = (name) => Number.parseInt(settings('edge').get(name), 10);
  const pod = podOf(named('belfry-edge'));
  const stop = Number(only(pod).lifecycle.preStop.exec.command[1]);
  const needed = stop + seconds('edge_drain_window') + seconds('edge_close_timeout');
  assert.ok(pod.spec.terminationGracePeriodSeconds > needed);
});

test('no container may more than it needs', () => {
  for (const workload of workloads) {
    const { spec } = podOf(workload);
    const { securityContext, resources } = only({ spec });
    assert.equal(spec.securityContext.runAsNonRoot, true);
    assert.equal(spec.automountServiceAccountToken, false);
    // Kubernetes would set BELFRY_STORE_PORT and the like, which are no settings of ours.
    assert.equal(spec.enableServiceLinks, false);
    assert.equal(securityContext.readOnlyRootFilesystem, true);
    assert.equal(securityContext.allowPrivilegeEscalation, false);
    assert.deepEqual(securityContext.capabilities.drop, ['ALL']);
    assert.ok(resources.limits.memory);
  }
});

// Whether the policies let a pod of `from` call `port` of a pod of `to`.
function mayCall(from, to, port) {
  const [caller, called] = [podOf(named(from)), podOf(named(to))];
  const rules = (pod, type, direction) =>
    policies
      .filter(({ spec }) => spec.policyTypes.includes(type) && selects(spec.podSelector.matchLabels, pod))
      .flatMap(({ spec }) => spec[direction] ?? []);
  const open = (rule, peers, pod) =>
    rule[peers].some((peer) => peer.podSelector && selects(peer.podSelector.matchLabels, pod)) &&
    rule.ports.some((one) => one.port === port);
  return (
    rules(called, 'Ingress', 'ingress').some((rule) => open(rule, 'from', caller)) &&
    rules(caller, 'Egress', 'egress').some((rule) => open(rule, 'to', called))
  );
}

test('the network lets through what the architecture has, and no other call', () => {
  const arrows = new Set([
    'belfry-ingest>belfry-store:grpc',
    'belfry-edge>belfry-store:grpc',
    'belfry-edge>belfry-nats:nats',
    'belfry-store>belfry-nats:nats',
  ]);
  const names = workloads.map((workload) => workload.metadata.name);
  for (const from of names) {
    for (const to of names) {
      for (const { name } of only(podOf(named(to))).ports) {
        const arrow = `${from}>${to}:${name}`;
        assert.equal(mayCall(from, to, name), arrows.has(arrow), arrow);
      }
    }
  }
});

test('the metrics of each service are scraped, and Prometheus may reach them', () => {
  const monitor = monitoring.find(({ kind }) => kind === 'ServiceMonitor');
  const open = policies
    .find((policy) => policy.metadata.name === 'belfry-metrics')
    .spec.ingress[0].ports.map(({ port }) => port);
  for (const service of services.filter(({ metadata }) => metadata.name !== 'belfry-nats')) {
    assert.ok(selects(monitor.spec.selector.matchLabels, service));
    const { port } = service.spec.ports.find(({ name }) => name === monitor.spec.endpoints[0].port);
    assert.ok(open.includes(port), service.metadata.name);
  }
});

test('the rule object has the alerts of deploy/monitoring', () => {
  const rule = monitoring.find(({ kind }) => kind === 'PrometheusRule');
  const alerts = parse(readFileSync(join(source, 'deploy/monitoring/alerts.yaml'), 'utf8'));
  assert.deepEqual(rule.spec, alerts);
});
