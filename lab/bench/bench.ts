/** Parley's benchmark: the delays that the server adds to those of engines, against the goals of lab/README.md.
 * `npm run bench [-- --json FILE] [--only NAME[,NAME]] [--quick]`; see lab/README.md.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bargeInBenchmark } from './benchmarks/barge-in.ts';
import type { BenchContext, Benchmark } from './benchmarks/benchmark.ts';
import { cachedPhraseBenchmark } from './benchmarks/cached-phrase.ts';
import { capacityBenchmark } from './benchmarks/capacity.ts';
import { chatFirstTextBenchmark } from './benchmarks/chat-first-text.ts';
import { connectionReuseBenchmark } from './benchmarks/connection-reuse.ts';
import { measureConversations } from './benchmarks/conversations.ts';
import { costBenchmark } from './benchmarks/cost.ts';
import { failoverBenchmark } from './benchmarks/failover.ts';
import { firstAudioBenchmark } from './benchmarks/first-audio.ts';
import { jitterBenchmark } from './benchmarks/jitter.ts';
import { kernelBenchmark } from './benchmarks/kernel.ts';
import { peerBenchmark } from './benchmarks/peer.ts';
import { realtimeBenchmark } from './benchmarks/realtime.ts';
import { speculationBenchmark } from './benchmarks/speculation.ts';
import { textFirstDeltaBenchmark } from './benchmarks/text-first-delta.ts';
import type { BusKind, LoadResult } from './load/world.ts';
import { type CommandLine, commandLine, USAGE } from './options.ts';
import { chartsOf } from './report/charts.ts';
import { loadAverage, machine } from './report/machine.ts';
import type { BenchmarkResult } from './report/rows.ts';
import { markdownOf, tableOf } from './report/table.ts';

const BENCHMARKS: readonly Benchmark[] = [
  firstAudioBenchmark,
  bargeInBenchmark,
  realtimeBenchmark,
  jitterBenchmark,
  connectionReuseBenchmark,
  textFirstDeltaBenchmark,
  chatFirstTextBenchmark,
  cachedPhraseBenchmark,
  failoverBenchmark,
  speculationBenchmark,
  capacityBenchmark,
  costBenchmark,
  kernelBenchmark,
  peerBenchmark,
];

// All child processes are killed when this one exits.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.on(signal, () => process.exit(code));

const options = parse();
const beginMs = performance.now();
const parts = new Set<{ stop(): Promise<void> }>();
const loads = new Map<BusKind, Promise<ReadonlyMap<number, LoadResult>>>();
const context: BenchContext = {
  options,
  progress: (what) =>
    console.error(`[${((performance.now() - beginMs) / 1_000).toFixed(0).padStart(4)} s] ${what}`),
  stopAtEnd: (part) => parts.add(part),
  conversations: (bus) => {
    const known = loads.get(bus) ?? measureConversations(context, bus);
    loads.set(bus, known);
    return known;
  },
};

const loadBefore = loadAverage();
const results: BenchmarkResult[] = [];
const failed: string[] = [];
for (const benchmark of BENCHMARKS) {
  if (options.only && !options.only.includes(benchmark.name)) continue;
  context.progress(benchmark.name);
  try {
    const result = await benchmark.run(context);
    results.push(result);
    console.log(tableOf(result));
  } catch (thrown) {
    failed.push(benchmark.name);
    console.error(`${benchmark.name} failed:`, thrown);
  }
  for (const part of parts)
    await part.stop().catch((thrown) => console.error(`after ${benchmark.name}:`, thrown));
  parts.clear();
}
await write(options, results);
const missed = results.flatMap(({ name, rows }) => (rows.some(({ met }) => met === false) ? [name] : []));
console.log(`\ngoals missed in: ${missed.length > 0 ? missed.join(', ') : 'none'}`);
// A missed goal is a result; a failed benchmark is an error.
process.exit(failed.length > 0 ? 1 : 0);

function parse(): CommandLine {
  const names = BENCHMARKS.map(({ name }) => name);
  if (process.argv.includes('--help')) {
    console.log(`${USAGE}\n\nBenchmarks: ${names.join(', ')}. lab/README.md says what each measures.`);
    process.exit(0);
  }
  try {
    return commandLine(process.argv.slice(2), names);
  } catch (thrown) {
    console.error(`${thrown instanceof Error ? thrown.message : thrown}\n${USAGE}`);
    process.exit(2);
  }
}

async function write(
  { json, out, quick }: CommandLine,
  benchmarks: readonly BenchmarkResult[],
): Promise<void> {
  const report = {
    machine: machine(),
    quick,
    at: new Date().toISOString(),
    loadAverage: { before: loadBefore, after: loadAverage() },
    elapsedSeconds: Math.round((performance.now() - beginMs) / 1_000),
    benchmarks,
  };
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  if (out === undefined) return;
  await mkdir(out, { recursive: true });
  for (const [name, svg] of chartsOf(benchmarks)) await writeFile(join(out, `${name}.svg`), svg);
  const { node, processor, cores, memoryGigabytes } = report.machine;
  const head = `# Results\n\nMade by \`npm run bench -- --out\` on ${report.at.slice(0, 10)}: Node ${node}, ${cores} × ${processor}, ${memoryGigabytes} GB; load average before ${loadBefore}, after ${report.loadAverage.after}; ${report.elapsedSeconds} s${quick ? '; with --quick, so for the shape only' : ''}.\n`;
  await writeFile(join(out, 'results.md'), [head, ...benchmarks.map(markdownOf)].join('\n'));
}
