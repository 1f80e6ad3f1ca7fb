import { expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { ClientEar } from '../../testing/simulation/client-ear.ts';
import { Vocabulary } from '../../testing/simulation/engines.ts';

const RATE = 16_000;
const FRAME = 320;

/** What the client finds if `heard` counts as heard after it has played `words`, 20 ms each. */
async function found(words: string, heard: string): Promise<readonly string[]> {
  const clock = new VirtualClock({ startMs: 1 });
  const spoken = new Vocabulary();
  const findings: string[] = [];
  const ear = new ClientEar({
    ...{ clock, spoken, outputRate: RATE, output: 'audio', onState: () => {} },
    found: (what) => findings.push(what),
  });
  for (const [seq, word] of words.split(' ').entries())
    ear.audio(1, seq, new Uint8Array(new Int16Array(FRAME).fill(spoken.valueOf(word)).buffer));
  await clock.advance(1_000);
  ear.message({
    ...{ type: 'reply.end', turn: 1, generation: 1, reason: 'completed', heard, timings: {} },
  });
  return findings;
}

it('the client compares what counts as heard with its reading aloud', async () => {
  expect(await found('The sun is up dot up', 'The sun is up.up')).toEqual([]);
  expect(await found('The sun is up Punkt up', 'The sun is up.up')).toEqual([]);
  expect(await found('The sun is up dot', 'The sun is up.up')).toEqual([
    "'up' counts as heard, but what was played is 'The sun is up dot'",
  ]);
  expect(await found('The sun is', 'The sun is up.')).toEqual([
    "'up' counts as heard, but what was played is 'The sun is'",
  ]);
});
