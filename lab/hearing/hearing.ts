/** What the product hears of people, in figures: missed stops by condition, false stops, sentences, and whether it interrupts itself.
 * Run: `npm run lab:hearing -- DIR [--json FILE] [--half 1] [--cache FILE] [--jobs N]`. DIR has any of speech-commands/, words/, commands/, meetings/, noise/,
 * echo-doubletalk/ (each with labels.tsv: file, label, speaker) and people/ (orders/, digits/, keywords/, noise_kitchen.wav). An interrupted run
 * resumes from the cache, which belongs to the folder and to the code that is measured. The method is in lab/voice-stop.md and lab/recognition.md.
 */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { FigureRunner } from './figures/child.ts';
import { type Outcome, outcomeSchema } from './figures/outcome.ts';
import { figures } from './figures/report.ts';
import { figureTrials } from './figures/trials.ts';

/** 16 kHz, 16 bits, mono: bytes of a millisecond. */
const BYTES_A_MS = 32;
const REPORTED_EVERY = 100;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    half: { type: 'string' },
    cache: { type: 'string' },
    jobs: { type: 'string' },
    only: { type: 'string' },
  },
});
const folder = positionals[0] === undefined ? undefined : resolve(positionals[0]);
if (folder === undefined || !existsSync(folder)) {
  console.error('give the folder of the recordings: npm run lab:hearing -- DIR');
  process.exit(2);
}
const here = dirname(fileURLToPath(import.meta.url));
const root = [join(here, '..', '..'), join(here, '..', '..', '..')].find((one) =>
  existsSync(join(one, 'package.json')),
);
if (root === undefined) throw new Error(`no package.json above ${here}`);
const dialog = join(root, 'examples', 'robot.dialog.yaml');
// In no order of sets, so that an interrupted run has some of each, and a slow set does not lie with one child at the end.
const trials = figureTrials(folder, (path) => statSync(path).size / BYTES_A_MS)
  .filter(
    ({ half, kind }) =>
      (values.half === undefined || half === Number(values.half)) &&
      (values.only === undefined || kind === values.only),
  )
  .toSorted((a, b) => orderOf(a.id) - orderOf(b.id));

if (process.send) await serveTrials(folder);
else await main(folder);

/** A child: runs the trials whose numbers it receives. */
async function serveTrials(folder: string): Promise<void> {
  const runner = await FigureRunner.load(folder, dialog);
  let work: Promise<void> = Promise.resolve();
  process.on('message', (message) => {
    const trial = trials[z.number().int().parse(message)];
    if (!trial) throw new Error(`no trial ${String(message)}`);
    work = work.then(async () => void process.send?.(await runner.run(trial)));
  });
  process.send?.('ready');
}

async function main(folder: string): Promise<void> {
  const cache = values.cache ?? join(tmpdir(), `parley-hearing-${fingerprint(folder)}.jsonl`);
  mkdirSync(dirname(resolve(cache)), { recursive: true });
  const known = new Map(readCache(cache).map((one) => [one.id, one]));
  const left = trials.flatMap(({ id }, i) => (known.has(id) ? [] : [i]));
  console.error(`${trials.length} trials, of which ${left.length} are left; results are kept in ${cache}`);
  const jobs = Math.min(left.length, Number(values.jobs ?? availableParallelism()));
  const begun = performance.now();
  let done = 0;
  await Promise.all(
    Array.from(
      { length: jobs },
      () =>
        new Promise<void>((finish, fail) => {
          const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2));
          const next = () => {
            const index = left.shift();
            if (index !== undefined) child.send(index);
            else child.disconnect();
          };
          child.on('message', (message) => {
            if (message !== 'ready') {
              const outcome = outcomeSchema.parse(message);
              appendFileSync(cache, `${JSON.stringify(outcome)}\n`);
              known.set(outcome.id, outcome);
              done += 1;
              if (done % REPORTED_EVERY === 0)
                console.error(
                  `${done} of ${done + left.length}, ${Math.round((performance.now() - begun) / 1_000)} s`,
                );
            }
            next();
          });
          child.on('error', fail);
          child.on('exit', (code) => (code === 0 ? finish() : fail(new Error(`a child ended with ${code}`))));
        }),
    ),
  );
  const outcomes = trials.flatMap(({ id }) => known.get(id) ?? []);
  const text = JSON.stringify(figures(outcomes), null, 2);
  if (values.json === undefined) console.log(text);
  else writeFileSync(values.json, `${text}\n`);
}

function readCache(path: string): readonly Outcome[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => outcomeSchema.parse(JSON.parse(line)));
}

function orderOf(id: string): number {
  return createHash('sha256').update(id).digest().readUInt32BE();
}

/** Of the folder's path and of the code that is measured. */
function fingerprint(folder: string): string {
  const hash = createHash('sha256').update(folder);
  for (const part of ['actors', 'adapters', 'machines', 'lab/hearing'])
    for (const file of readdirSync(join(root ?? '', part), { recursive: true, encoding: 'utf8' }).sort())
      if (file.endsWith('.ts') && !file.endsWith('.test.ts'))
        hash.update(readFileSync(join(root ?? '', part, file)));
  return hash.digest('hex').slice(0, 12);
}
