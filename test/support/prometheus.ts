// What Prometheus would make of a daemon's metrics and of the alert rules in examples/prometheus.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Child } from './child.js';
import { readProse, section, tableRows } from './prose.js';
import { repository } from './source-tree.js';

export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly description: string };
}

/** The base URL of a daemon's listener for monitors. */
export function monitorsOf(daemon: Child): string {
  const ready = daemon.reports.find(({ msg }) => msg === 'http listener is ready');
  const { address, port } = ready as { address: string; port: number };
  return `http://${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
}

/** Samples by name and labels, as they are written. */
export function samplesIn(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

/** The names of the metrics, with and without samples. */
export function typesIn(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);
}

/** The names in the table of one section of docs/operations.md. */
export function documentedMetrics(heading: string): string[] {
  const rows = tableRows(section(readProse('docs/operations.md'), heading));
  return rows.map(([name = '']) => name.replaceAll('`', ''));
}

export function alertRules(file: string): readonly Rule[] {
  const { groups } = parse(readFileSync(join(repository, 'examples/prometheus', file), 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

/** Every metric that the rules ask for is in the text. */
export function assertAnswered(rules: readonly Rule[], text: string): void {
  // A counter of what has not happened yet has no samples.
  const real = [...samplesIn(text).keys(), ...typesIn(text)];
  for (const { alert, expr, annotations } of rules) {
    assert.ok(annotations.summary.length > 0 && annotations.description.length > 0, alert);
    const asked = expr.match(/\b(credence|spire|nodejs|process)_\w+(\{[^}]*\})?/g) ?? [];
    assert.ok(asked.length > 0 || expr.includes('up{'), alert);
    for (const selector of asked)
      assert.ok(
        real.some((sample) => matches(selector, sample)),
        `${alert}: ${selector}`,
      );
  }
}

/** Whether a selector of a rule asks for the sample: equal labels only; others are for the daemon to fill. */
function matches(selector: string, sample: string): boolean {
  const [name = '', labels = ''] = selector.split(/[{}]/);
  const wanted = labels.split(',').filter((label) => /^\w+="/.test(label.trim()));
  return (sample === name || sample.startsWith(`${name}{`)) && wanted.every((label) => sample.includes(label.trim()));
}
