// SPDX-License-Identifier: Apache-2.0
// deploy/monitoring: Prometheus takes it, each alert fires when it should, and every metric and label
// that alerts and dashboard name exists.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';

import { metrics } from './settings.mjs';
import { run, source } from './tools.mjs';

const folder = join(source, 'deploy/monitoring');
const read = (name) => readFileSync(join(folder, name), 'utf8');
const alerts = parse(read('alerts.yaml')).groups.flatMap(({ rules }) => rules);
const dashboard = JSON.parse(read('grafana-dashboard.json'));
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const queries = [
  ...alerts.map(({ alert, expr }) => ({ where: alert, expr })),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: title, expr }))),
];
const known = metrics();
const scraped = ['job', 'instance', 'le'];

function metricOf(name) {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  if (base !== name && known.get(base)?.type === 'histogram') return known.get(base);
  return known.get(name)?.type === 'histogram' ? undefined : known.get(name);
}

// Every mistake in one expression's names, as lines.
function wrongNames(expr) {
  const found = [];
  const labels = new Set(scraped);
  for (const [, name, matchers] of expr.matchAll(/\b(belfry_\w+)(?:\{([^}]*)\})?/g)) {
    const metric = metricOf(name);
    if (!metric) {
      found.push(`no metric ${name}`);
      continue;
    }
    for (const label of metric.labels.keys()) labels.add(label);
    for (const [, label, values] of (matchers ?? '').matchAll(/(\w+)[!=~]+"([^"]*)"/g)) {
      const listed = metric.labels.get(label);
      if (!listed && !scraped.includes(label)) found.push(`${name} has no label ${label}`);
      for (const value of values.split('|')) {
        if (listed?.length && !listed.includes(value)) found.push(`${name}: ${label} is never ${value}`);
      }
    }
  }
  for (const [, list] of expr.matchAll(/\b(?:by|without) \(([^)]*)\)/g)) {
    found.push(...list.split(', ').filter((one) => !labels.has(one)).map((one) => `no label ${one}`));
  }
  return found;
}

test('promtool takes the alerts and the scrape configuration', () => {
  run('promtool', ['check', 'rules', join(folder, 'alerts.yaml')]);
  run('promtool', ['check', 'config', join(folder, 'scrape.yaml')]);
});

test('each alert fires when it should, and is quiet when it should be', () => {
  run('promtool', ['test', 'rules', join(source, 'tests/deploy/alerts_test.yaml')]);
  const { tests } = parse(readFileSync(join(source, 'tests/deploy/alerts_test.yaml'), 'utf8'));
  const judged = (fires) =>
    tests
      .flatMap((one) => one.alert_rule_test)
      .filter(({ exp_alerts: expected }) => expected.length > 0 === fires)
      .map(({ alertname }) => alertname)
      .sort();
  const names = alerts.map(({ alert }) => alert).sort();
  assert.deepEqual(judged(true), names);
  assert.deepEqual(judged(false), names);
});

test('every metric, label and value that they name is documented', () => {
  const wrong = queries.flatMap(({ where, expr }) => wrongNames(expr).map((what) => `${where}: ${what}`));
  assert.deepEqual(wrong, []);
});

test('a metric, a label and a value that do not exist are found', () => {
  assert.deepEqual(wrongNames('belfry_store_commit_seconds > 1'), ['no metric belfry_store_commit_seconds']);
  assert.deepEqual(wrongNames('belfry_edge_streams{cause="gap"}'), ['belfry_edge_streams has no label cause']);
  assert.deepEqual(wrongNames('rate(belfry_edge_holes_total{cause=~"gap|hole"}[5m])'), [
    'belfry_edge_holes_total: cause is never hole',
  ]);
  assert.deepEqual(wrongNames('sum by (project) (belfry_edge_streams)'), ['no label project']);
});

test("the dashboard's queries are PromQL", () => {
  const rules = panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => ({
      record: 'belfry:panel',
      labels: { n: `${Math.random()}` },
      expr: expr.replaceAll('$__rate_interval', '5m'),
    })),
  );
  const scratch = mkdtempSync(join(tmpdir(), 'belfry-dashboard-'));
  try {
    const file = join(scratch, 'rules.yaml');
    writeFileSync(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
    run('promtool', ['check', 'rules', file]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test('panels have ids of their own and do not overlap', () => {
  assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  const taken = new Set();
  for (const { title, gridPos } of dashboard.panels) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(!taken.has(`${x} ${y}`), title);
        taken.add(`${x} ${y}`);
      }
    }
  }
});

test('docs/monitoring.md says of each alert what to do', () => {
  const text = readFileSync(join(source, 'docs/monitoring.md'), 'utf8');
  const listed = [...text.matchAll(/^\| `(Belfry\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(
    listed,
    alerts.map(({ alert }) => alert),
  );
});
