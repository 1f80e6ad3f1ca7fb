import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { temporaryFolder } from './support/after-test.ts';

const folder = fileURLToPath(new URL('../examples/monitoring/', import.meta.url));
const text = (name: string) => readFileSync(join(folder, name), 'utf8');

/** Runs promtool; throws with what it says if it finds fault. Debian has it in the package `prometheus`. */
function promtool(...args: string[]): string {
  return execFileSync('promtool', args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
}

/** The names in docs/reference/metrics.md, which a test holds to what a server exports. */
const metrics = new Set(
  [
    ...readFileSync(new URL('../docs/reference/metrics.md', import.meta.url), 'utf8').matchAll(
      /^\| `([a-z_]+)` \|/gmu,
    ),
  ].map(([, name]) => name),
);
/** Metrics in an expression that no server exports. */
const unknownIn = (expression: string) =>
  [...expression.matchAll(/\b(?:parley|process|nodejs)_[a-z_]+/gu)]
    .map(([name]) => name.replace(/_bucket$/u, ''))
    .filter((name) => !metrics.has(name));

it('the alert rules fire when they should and not before, and name metrics that exist', () => {
  expect(promtool('check', 'config', 'prometheus.yml')).toContain('SUCCESS');
  expect(promtool('test', 'rules', 'parley.rules.test.yml')).toContain('SUCCESS');
  const { groups } = z
    .object({
      groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
    })
    .parse(parse(text('parley.rules.yml')));
  const rules = groups.flatMap((one) => one.rules);
  expect(rules.length).toBeGreaterThan(10);
  expect(rules.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
  const page = readFileSync(new URL('../docs/reference/metrics.md', import.meta.url), 'utf8');
  for (const { alert } of rules) expect(page).toContain(`\`${alert}\``);
});

it('every query of the dashboard is valid, and of metrics that exist', async () => {
  const { panels } = z
    .object({
      panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
    })
    .parse(JSON.parse(text('grafana-dashboard.json')));
  const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(queries.length).toBeGreaterThan(15);
  expect(queries.flatMap(unknownIn)).toEqual([]);
  // promtool reads expressions as rules.
  const rules = queries.map((expr, i) => ({
    record: `query:${i}`,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
  }));
  const file = join(await temporaryFolder(), 'queries.yml');
  await writeFile(file, stringify({ groups: [{ name: 'dashboard', rules }] }));
  expect(promtool('check', 'rules', file)).toContain(`SUCCESS: ${queries.length} rules found`);
});
