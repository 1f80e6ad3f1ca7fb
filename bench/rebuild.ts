/** How long a server needs to rebuild a session that the one before has left: reading its journal from the store, and replaying it with every hash compared.
 * `node dist/bench/rebuild.js [--turns 100] [--words 30] [--rounds 20]`; `words` of each reply are one token each.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { rebuild } from '../actors/session/rebuild.ts';
import { sha256 } from '../adapters/store/sha256.ts';
import { sqliteStore } from '../adapters/store/sqlite.ts';
import { headerHash } from '../machines/journal/writer.ts';
import { sessionMachine } from '../machines/session/machine.ts';
import { MadeSession } from './inspector-journal.ts';

const { values } = parseArgs({
  options: {
    turns: { type: 'string', default: '100' },
    words: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '20' },
  },
});
const [turns, words, rounds] = [Number(values.turns), Number(values.words), Number(values.rounds)];

const made = new MadeSession('rebuilt');
for (let turn = 1; turn <= turns; turn++)
  made.turn(
    `this is what I say in turn ${turn}`,
    Array.from({ length: words }, (_, i) => `word${i % 8 === 7 ? '. ' : ' '}`),
  );

const folder = await mkdtemp(join(tmpdir(), 'parley-rebuild-'));
const store = sqliteStore({ path: join(folder, 'parley.db') });
try {
  const sink = store.openJournal(made.header, headerHash(made.header, sha256), (error) => {
    throw error;
  });
  for (const record of made.records) sink.append(record);
  await sink.leave();
  const machine = sessionMachine(made.header.parameters);
  const times: { readonly readMs: number; readonly replayMs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    const journal = await store.readJournal('rebuilt');
    const readMs = performance.now() - startMs;
    const rebuilt = await rebuild(journal, { machine, sha256, inputEnd: 0, breathe: () => nextTurn() });
    if (!rebuilt) throw new Error('the journal was not rebuilt');
    times.push({ readMs, replayMs: performance.now() - startMs - readMs });
  }
  const median = (of: readonly number[]) => [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0;
  const [first] = times;
  console.log(`${turns} turns, ${made.records.length} records`);
  console.log(`first: read ${first?.readMs.toFixed(1)} ms, replay ${first?.replayMs.toFixed(1)} ms`);
  console.log(
    `median of ${rounds}: read ${median(times.map(({ readMs }) => readMs)).toFixed(1)} ms, replay ${median(times.map(({ replayMs }) => replayMs)).toFixed(1)} ms`,
  );
} finally {
  await store.close();
  await rm(folder, { recursive: true });
}
