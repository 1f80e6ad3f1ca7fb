// Puts small faults into copies of the sources, one at a time, and shows that the simulator finds each.
// --write writes lab/mutations.md. Usage: node scripts/mutate.mjs [--write] [--only NUMBER]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { MUTATIONS } from './mutations.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const write = process.argv.includes('--write');
const only = process.argv.includes('--only') ? Number(process.argv[process.argv.indexOf('--only') + 1]) : 0;

const ENTRY = `
  import { simulate } from './testing/simulation/simulate.ts';
  const { failure } = await simulate({ from: 1, to: 24, turns: 120 });
  console.log(JSON.stringify(failure ? { seed: failure.seed, finding: failure.findings[0] } : {}));
  process.exit(0);
`;

const folder = mkdtempSync(join(tmpdir(), 'parley-mutate-'));
const rows = [];
let missed = 0;
try {
  for (const [index, mutation] of MUTATIONS.entries()) {
    if (only && only !== index) continue;
    const caught = await tryMutation(mutation, join(folder, `${index}.mjs`));
    if (index === 0 ? caught : !caught && !mutation.harmless) missed += 1;
    if (index === 0) {
      console.log(`without a fault: ${caught ?? 'nothing is found'}`);
      continue;
    }
    console.log(
      `${String(index).padStart(2)}  ${mutation.what}: ${caught ?? mutation.harmless ?? 'NOT CAUGHT'}`,
    );
    rows.push(
      `| ${index} | ${mutation.what} | \`${mutation.file}\` | ${caught ?? `nothing: ${mutation.harmless ?? '**not caught**'}`} |`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (write) {
  writeFileSync(
    join(root, 'lab', 'mutations.md'),
    [
      '# Planted faults, and what finds them',
      '',
      'Made by `node scripts/mutate.mjs --write`: each fault is put into the sources alone, and the simulator runs seeds 1 to 24',
      'with 120 turns each, until something is found. A fault that is not found makes the command fail.',
      '[How it is tested](../docs/explanation/testing.md#what-is-checked) explains the names of the checks.',
      '',
      '| | fault | in | found by |',
      '|---|---|---|---|',
      ...rows,
      '',
    ].join('\n'),
  );
}
process.exitCode = missed > 0 ? 1 : 0;

/** The check that caught the fault; undefined if none did. */
async function tryMutation({ file, find, put }, bundle) {
  let applied = 0;
  await build({
    stdin: { contents: ENTRY, resolveDir: root, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outfile: bundle,
    logLevel: 'error',
    banner: {
      js: "import { createRequire as make } from 'node:module'; const require = make(import.meta.url);",
    },
    plugins: [
      {
        name: 'mutation',
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, ({ path }) => {
            if (relative(root, path) !== file) return undefined;
            const source = readFileSync(path, 'utf8');
            applied = source.split(find).length - 1;
            return { contents: source.replace(find, () => put), loader: 'ts' };
          });
        },
      },
    ],
  });
  if (applied !== 1) throw new Error(`${file} has ${applied} × ${JSON.stringify(find)}: the list needs care`);
  const run = spawnSync(process.execPath, [bundle], { encoding: 'utf8', timeout: 300_000 });
  if (run.error) return 'does not come to an end';
  if (run.status !== 0 && !run.stdout) return `the process ends (${run.stderr.split('\n')[0]})`;
  const { seed, finding } = JSON.parse(run.stdout);
  if (finding) return `seed ${seed}, ${finding.by}: ${finding.what.split('\n')[0].slice(0, 140)}`;
  return undefined;
}
