/** How long a server needs to rebuild a session that the one before has left: reading its journal from the store, and rebuilding the session from it; beside that a replay of the whole journal.
 * `node dist/lab/bench/rebuild.js [--turns 100] [--words 30] [--rounds 20]`; `words` of each reply are one token each.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { rebuild } from '../../actors/session/rebuild.ts';
import { sha256 } from '../../adapters/store/sha256.ts';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { replayJournal } from '../../machines/journal/replay.ts';
import { headerHash } from '../../machines/journal/writer.ts';
import { SessionKernel } from '../../machines/kernel.ts';
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
  const times: { readonly readMs: number; readonly rebuildMs: number; readonly replayMs: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    const journal = await store.readJournal('rebuilt');
    const readMs = performance.now() - startMs;
    const rebuilt = await rebuild(journal, { sha256, inputEnd: 0, breathe: () => nextTurn() });
    if (!rebuilt) throw new Error('the journal was not rebuilt');
    const rebuildMs = performance.now() - startMs - readMs;
    const { difference } = replayJournal(journal, {
      kernel: new SessionKernel(journal.header.parameters, journal.header.input),
      sha256,
    });
    if (difference) throw new Error('the journal does not replay');
    times.push({ readMs, rebuildMs, replayMs: performance.now() - startMs - readMs - rebuildMs });
  }
  const median = (of: readonly number[]) => [...of].sort((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0;
  console.log(`${turns} turns, ${made.records.length} records`);
  for (const key of ['readMs', 'rebuildMs', 'replayMs'] as const)
    console.log(
      `${key}: first ${times[0]?.[key].toFixed(1)}, median of ${rounds} ${median(times.map((one) => one[key])).toFixed(1)}`,
    );
} finally {
  await store.close();
  await rm(folder, { recursive: true });
}
