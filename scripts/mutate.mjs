// Puts small faults into copies of the sources, one at a time, and shows that the simulator finds each.
// --write writes docs/mutations.md. Usage: node scripts/mutate.mjs [--write] [--only NUMBER]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const write = process.argv.includes('--write');
const only = process.argv.includes('--only') ? Number(process.argv[process.argv.indexOf('--only') + 1]) : 0;

const ENTRY = `
  import { simulate } from './testing/simulation/simulate.ts';
  const { failure } = await simulate({ from: 1, to: 24, turns: 120 });
  console.log(JSON.stringify(failure ? { seed: failure.seed, finding: failure.findings[0] } : {}));
  process.exit(0);
`;

/** `find` must occur in the file exactly once. */
const MUTATIONS = [
  {
    what: 'none: nothing must be found',
    file: 'actors/session/runner.ts',
    find: "this.#bury(child, 'cancelled');",
    put: "this.#bury(child, 'cancelled');",
  },
  {
    what: 'a stop command is dropped',
    file: 'actors/session/runner.ts',
    find: "this.#bury(child, 'cancelled');\n    child.actor?.stop();",
    put: "this.#bury(child, 'cancelled');",
  },
  {
    what: 'events of stopped children are not filtered',
    file: 'actors/session/runner.ts',
    find: 'if (from && this.#children.get(from.kind) !== from) {',
    put: 'if (from && from.generation < 0) {',
    harmless: 'a stopped actor emits nothing more: the runner’s check is a second line of defence',
  },
  {
    what: 'commands are carried out in the wrong order',
    file: 'actors/session/runner.ts',
    find: 'for (const command of step.commands) {',
    put: 'for (const command of [...step.commands].reverse()) {',
  },
  {
    what: 'an event overtakes the delays that are due before it',
    file: 'actors/session/runner.ts',
    find: 'const atMs = this.nowMs();\n    this.#fireTimers(atMs);',
    put: 'const atMs = this.nowMs();',
    harmless: 'the inbox fires them before its first event, and time stands still until it is empty',
  },
  {
    what: 'a cancelled delay still fires',
    file: 'machines/kernel.ts',
    find: 'this.#timers.splice(at, 1);',
    put: '',
  },
  {
    what: 'two replies share a generation',
    file: 'machines/session/reply/reply.ts',
    find: 'const generation = speculation?.generation ?? context.lastGeneration + 1;',
    put: 'const generation = speculation?.generation ?? Math.max(1, context.lastGeneration);',
  },
  {
    what: 'an interrupted reply is not flushed',
    file: 'machines/session/reply/reply.ts',
    find: "publish({ type: 'flush', generation: reply.generation }),",
    put: '',
  },
  {
    what: 'the cancel of a reply reaches the next one too',
    file: 'machines/session/reply/reply.ts',
    find: "{ type: 'cancelWork', generation: reply.generation },",
    put: "{ type: 'cancelWork', generation: reply.generation + 1 },",
  },
  {
    what: 'a word counts as heard when it begins, not when it ends',
    file: 'machines/policies/heard.ts',
    find: 'end = word.offset;',
    put: 'end = text.indexOf(" ", word.offset) < 0 ? text.length : text.indexOf(" ", word.offset);',
  },
  {
    what: 'a filler counts as heard text of the reply',
    file: 'actors/reply/listener.ts',
    find: 'heardLength(segments, Math.max(0, played - track.lead))',
    put: 'heardLength(segments, played)',
  },
  {
    what: 'a late filler is said in the middle of the reply',
    file: 'actors/children/tts.ts',
    find: 'if (piece) this.#dropFiller();',
    put: '',
  },
  {
    what: 'playback runs on while the user speaks',
    file: 'actors/children/playback.ts',
    find: "if (message.type === 'pause') this.#pause();",
    put: "if (message.type === 'pause') continue;",
  },
  {
    what: 'a frame number is used twice after a pause',
    file: 'actors/children/playback.ts',
    find: 'if (this.#started) this.#restart(this.#baseSample);',
    put: 'this.#seq = Math.max(0, this.#seq - 1);\n    if (this.#started) this.#restart(this.#baseSample);',
  },
  {
    what: 'speech synthesis does not report the end of its audio',
    file: 'actors/children/tts.ts',
    find: '    this.#options.track.end();\n    this.#bell.ring();',
    put: '    this.#bell.ring();',
  },
  {
    what: 'voice stop does not last',
    file: 'machines/session/machine.ts',
    find: "halt: '.stopped',",
    put: "halt: '.idle',",
  },
  {
    what: 'a listener’s sound interrupts',
    file: 'machines/session/barge-in/yielding.ts',
    find: "confirmSpeech: { guard: not('soundsLikeListener'), target: '#listening' },",
    put: "confirmSpeech: { target: '#listening' },",
  },
  {
    what: 'the cancel of a request does not reach the engine',
    file: 'actors/engine-rpc/call.ts',
    find: "this.#publish('cancel', NO_PAYLOAD);",
    put: '',
    harmless: 'the cancel of the session and the silence of the client reach the worker too',
  },
  {
    what: 'a store that fails is not caught',
    file: 'actors/session/session.ts',
    find: "const { code, message } = errorRecord(error, 'STORE_FAILED');",
    put: "throw error; const { code, message } = errorRecord(error, 'STORE_FAILED');",
  },
  {
    what: 'a chain does not ask the next engine when one fails',
    file: 'actors/chain/contest.ts',
    find: 'if (!over && next) {',
    put: 'if (over && next) {',
  },
  {
    what: 'a hanging engine of a chain is not abandoned',
    file: 'actors/chain/attempt.ts',
    find: 'return whole ? 2 * options.firstByteMs : options.firstByteMs;',
    put: 'return whole ? 1e6 : 1e6;',
  },
  {
    what: 'the breaker of an engine never closes',
    file: 'actors/chain/breaker.ts',
    find: '} else if (ticket === this.#openings) {',
    put: '} else if (ticket < 0) {',
  },
  {
    what: 'the loser of a hedge is not cancelled',
    file: 'actors/chain/contest.ts',
    find: 'for (const loser of this.#running) loser.abandon();',
    put: '',
  },
  {
    what: 'a segment that broke off is not continued by another engine',
    file: 'actors/chain/tts.ts',
    find: 'segment.resume(member.msPerChar);',
    put: 'return;',
  },
  {
    what: 'the next recogniser hears the utterance from where the last one failed',
    file: 'actors/chain/kept-audio.ts',
    find: 'this.#pieces[at++];',
    put: 'this.#pieces.shift();',
  },
  {
    what: 'an invalid event of an engine is passed on',
    file: 'actors/chain/attempt.ts',
    find: 'if (result.done || isWellFormed(kind, result.value)) resolve(result);',
    put: 'if (result.done || result.value !== undefined) resolve(result);',
  },
];

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
    join(root, 'docs', 'mutations.md'),
    [
      '# Planted faults, and what finds them',
      '',
      'Made by `node scripts/mutate.mjs --write`: each fault is put into the sources alone, and the simulator runs seeds 1 to 24',
      'with 120 turns each, until something is found. A fault that is not found makes the command fail.',
      '[simulation.md](simulation.md#what-is-checked) explains the names of the checks.',
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
