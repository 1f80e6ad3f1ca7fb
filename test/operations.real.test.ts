/** docs/how-to/deploy.md, followed literally: its commands one after another in one shell, with another port. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { fencesOf } from './docs/fences.ts';
import { afterTest, temporaryFolder } from './support/after-test.ts';
import { COMMAND, watched } from './support/processes.ts';
import { UNHURRIED } from './support/unhurried.ts';

const PAGE = 'docs/how-to/deploy.md';

it('the commands of docs/how-to/deploy.md start, watch, upgrade, back up and restore a server', async () => {
  const folder = await temporaryFolder();
  // As in a project that installed the package.
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  symlinkSync(COMMAND, join(folder, 'node_modules/.bin/parley'));
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const address = free.address();
  const port = String(typeof address === 'object' ? address?.port : 0);
  free.close();
  const fences = fencesOf(PAGE);
  const [config] = fences.filter(({ marker }) => marker === 'example: configuration');
  await writeFile(join(folder, 'parley.yaml'), `port: ${port}\n${config?.code}`);
  const steps = fences.filter(({ marker }) => marker === 'run by test/operations.real.test.ts');
  expect(steps.length).toBeGreaterThan(4);
  // `set -m`: jobs, as in a shell of a person.
  const script = ['set -em', ...steps.map(({ code }) => code.replaceAll('7400', port)), 'echo followed'];
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PARLEY_|NATS_URL|OPENAI_|npm_)/u.test(name),
  );
  const shell = watched(
    spawn('bash', ['-c', script.join('\n')], {
      cwd: folder,
      env: { ...Object.fromEntries(kept), ...UNHURRIED },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  afterTest(() => shell.kill());
  expect(await shell.exited, shell.lines.join('\n')).toBe(0);
  const printed = shell.lines.join('\n');
  for (const what of ['"ready":true', 'parley_build_info', '"level":"debug"', 'SESSION', 'followed'])
    expect(printed).toContain(what);
  const log = readFileSync(join(folder, 'parley.log'), 'utf8');
  expect(log.match(/Parley listens/gu)).toHaveLength(2);
}, 240_000);

it('names each alarm of the rules', () => {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const rules = readFileSync(join(root, 'examples/monitoring/parley.rules.yml'), 'utf8');
  const page = readFileSync(join(root, PAGE), 'utf8');
  const alarms = [...rules.matchAll(/alert: (\w+)/gu)].map(([, name = '']) => name);
  expect(alarms.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
