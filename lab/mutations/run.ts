// Puts small faults into copies of the sources, one at a time, and shows what finds each: the simulator, or the tests that the fault
// names. Usage: npm run test:faults -- [--write] [--only FROM[-TO]]. --write puts the rows of this run into lab/mutations.md.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { z } from 'zod';
import { FAULTS } from './faults.ts';
import type { Mutation } from './mutation.ts';
import { scoreOf, written } from './score.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const page = join(root, 'lab', 'mutations.md');
const LONGEST_RUN_MS = 600_000;

const ENTRY = `
  import { simulate } from './testing/simulation/simulate.ts';
  const { failure } = await simulate({ from: 1, to: 24, turns: 120 });
  console.log(JSON.stringify(failure ? { seed: failure.seed, finding: failure.findings[0] } : {}));
  process.exit(0);
`;
const simulated = z.object({
  seed: z.number().optional(),
  finding: z.object({ by: z.string(), what: z.string() }).optional(),
});
const report = z.object({
  numTotalTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

const { argv } = process;
const [from = 0, to = from] = argv.includes('--only')
  ? (argv[argv.indexOf('--only') + 1] ?? '').split('-').map(Number)
  : [0, FAULTS.length - 1];
const folder = mkdtempSync(join(tmpdir(), 'parley-faults-'));
const results: { index: number; fault: Mutation; caught: string | undefined }[] = [];
let healthy = true;
try {
  for (const [index, fault] of FAULTS.entries()) {
    if (index < from || index > to) continue;
    const caught = fault.tests ? byTests(fault, fault.tests) : await bySimulator(fault, index);
    console.log(`${String(index).padStart(2)}  ${fault.what}: ${caught ?? fault.harmless ?? 'NOT CAUGHT'}`);
    if (index === 0) healthy = caught === undefined;
    else results.push({ index, fault, caught });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const score = scoreOf(results);
console.log(`\n${score.text}`);
if (argv.includes('--write')) writeFileSync(page, written(readFileSync(page, 'utf8'), results));
process.exitCode = healthy && score.missed === 0 ? 0 : 1;

/** The check of the simulator that caught the fault; undefined if none did. */
async function bySimulator({ file, find, put }: Mutation, index: number): Promise<string | undefined> {
  const bundle = join(folder, `${index}.mjs`);
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
        name: 'planted-fault',
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
  const run = spawnSync(process.execPath, [bundle], { encoding: 'utf8', timeout: LONGEST_RUN_MS });
  if (run.error) return 'does not come to an end';
  if (run.status !== 0 && !run.stdout) return `the process ends (${run.stderr.split('\n')[0]})`;
  const { seed, finding } = simulated.parse(JSON.parse(run.stdout));
  return finding && `seed ${seed}, ${finding.by}: ${finding.what.split('\n')[0]?.slice(0, 140)}`;
}

/** The first test that fails with the fault; undefined if all pass. */
function byTests({ file, find, put }: Mutation, tests: readonly string[]): string | undefined {
  const outcome = join(folder, 'report.json');
  const run = spawnSync(
    process.execPath,
    [
      ...['node_modules/vitest/vitest.mjs', 'run', '--config', 'lab/mutations/vitest.config.ts'],
      ...['--project=virtual', '--reporter=json', `--outputFile=${outcome}`, ...tests],
    ],
    {
      ...{ cwd: root, encoding: 'utf8', timeout: LONGEST_RUN_MS },
      env: { ...process.env, PLANTED_FAULT: JSON.stringify({ file, find, put }) },
    },
  );
  if (run.error) return 'does not come to an end';
  const { numTotalTests, testResults } = report.parse(JSON.parse(readFileSync(outcome, 'utf8')));
  rmSync(outcome);
  for (const { name, message, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed');
    if (failed) return `${relative(root, name)}: ${failed.fullName}`;
    if (message) return `${relative(root, name)}: ${message.split('\n')[0]}`;
  }
  if (numTotalTests === 0) throw new Error(`no test ran: ${run.stderr}`);
  return undefined;
}
