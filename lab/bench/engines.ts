/** Speed and cost of recognisers and voices: `npm run bench:engines [-- FLAGS]`, each engine and number of streams in a process of its own.
 *
 * Flags are those of `parley serve`: `--engines.stt`, `--engines.tts` (lists, as configured) and what the engines need; and `--streams 1,2,5,10`,
 * `--seconds 20`. Without engines: the embedded ones, and sherpa-onnx with the tests' models, which shows the cost of library and process alone.
 * lab/engines.md says what is measured.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { configOf, withConfigFlags } from '../../server/commands/config-flags.ts';
import { writeSttModel } from '../../testing/models/stt-models.ts';
import { writeTtsModel } from '../../testing/models/tts-model.ts';
import { runModule } from './load/module.ts';
import { loadAverage, machine } from './report/machine.ts';

interface Engine {
  readonly kind: 'stt' | 'tts';
  readonly name: string;
  readonly shown: string;
  readonly flags: readonly string[];
}

const command = withConfigFlags(new Command('bench:engines'), [])
  .option('--streams <list>', 'numbers of streams', '1,2,5,10')
  .option('--seconds <number>', 'length of each load', '20')
  .parse();
const { streams, seconds } = command.opts<{ streams: string; seconds: string }>();
const given = process.argv.slice(2);
const { config } = configOf(command);
const chosen = given.some((flag) => flag.startsWith('--engines.') || flag.startsWith('--config'));
const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));

try {
  const { processor, cores, memoryGigabytes, node } = machine();
  console.log(
    `${processor}, ${cores} cores, ${memoryGigabytes} GB, Node ${node}, load average ${loadAverage()}\n`,
  );
  console.log(
    '| engine | streams | real-time factor | first ms: p50 / p95 | end ms: p50 / p95 | % of a core a stream | MB, all |',
  );
  console.log('|---|---|---|---|---|---|---|');
  for (const engine of chosen ? configured() : embedded())
    for (const count of streams.split(',')) await measure(engine, count);
} finally {
  await rm(folder, { recursive: true });
}

function configured(): readonly Engine[] {
  const { stt, tts } = config.engines;
  return [
    ...stt.map((name) => ({ kind: 'stt', name, shown: name, flags: given }) as const),
    ...tts.map((name) => ({ kind: 'tts', name, shown: name, flags: given }) as const),
  ];
}

function embedded(): readonly Engine[] {
  const tones = (['zipformer2-ctc', 'lstm-transducer', 'sense-voice'] as const).map((kind) => {
    const flags = [`--stt.sherpa.model=${writeSttModel(kind, join(folder, kind))}`];
    return { kind: 'stt', name: 'sherpa', shown: `sherpa, tones (${kind})`, flags } as const;
  });
  const voice = [`--tts.sherpa.model=${writeTtsModel(join(folder, 'voice'))}`];
  return [
    { kind: 'stt', name: 'soundswallower', shown: 'soundswallower', flags: [] },
    ...tones,
    { kind: 'tts', name: 'espeak', shown: 'espeak', flags: [] },
    { kind: 'tts', name: 'sherpa', shown: 'sherpa, tones (vits)', flags: voice },
  ];
}

async function measure({ kind, name, shown, flags }: Engine, count: string): Promise<void> {
  const tones = shown.includes('tones') ? 'tones' : 'speech';
  // An engine that breaks down under this load is a result too; its process has said why.
  const row = await runModule('engines-process', [kind, name, tones, count, seconds, ...flags]).catch(
    () => 'failed | | | |',
  );
  console.log(`| ${kind} ${shown} | ${count} | ${row.trim()} |`);
}
