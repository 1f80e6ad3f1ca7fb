import { describe, expect, it } from 'vitest';
import { parseDialog } from '../actors/dialog/mod.ts';
import type { CachedTts } from '../adapters/tts/phrase-cache-tts.ts';
import { VirtualClock } from '../machines/clock.ts';
import { loadConfig } from './config/load.ts';
import { fixedPhrases, phrasePreparer } from './phrases.ts';

const dialog = parseDialog('entries: [{ id: hello, phrases: hello, replies: Hello! }]', 'test.dialog.yaml');
const config = loadConfig({ cwd: '/nowhere' });
const count = fixedPhrases(dialog, config, 'en').length;

/** Notes when each phrase is made, in ms. */
function open() {
  const clock = new VirtualClock({ settle: () => new Promise((resolve) => setImmediate(resolve)) });
  const madeAtMs: number[] = [];
  const tts: CachedTts = {
    name: 'noting',
    cached: () => false,
    prepare: async () => {
      madeAtMs.push(clock.nowMs());
      return true;
    },
    synthesize: () => {
      throw new Error('no voice here');
    },
    close: async () => {},
  };
  return { clock, madeAtMs, preparer: phrasePreparer(tts, config, dialog, clock) };
}

describe('preparing the fixed phrases', () => {
  it('does not wait while no request is running', async () => {
    const { madeAtMs, preparer } = open();
    await preparer.prepare();
    expect(madeAtMs).toEqual(Array(count).fill(0));
  });

  it('waits for running requests', async () => {
    const { clock, madeAtMs, preparer } = open();
    let busy = true;
    const made = preparer.prepare(undefined, () => busy);
    await clock.advance(420);
    expect(madeAtMs).toEqual([]);
    busy = false;
    await clock.advance(100);
    await made;
    expect(madeAtMs).toEqual(Array(count).fill(450));
  });

  it('continues slowly while the engine is always busy', async () => {
    const { clock, madeAtMs, preparer } = open();
    const made = preparer.prepare(undefined, () => true);
    await clock.advance(count * 1_000);
    await made;
    expect(madeAtMs).toEqual(Array.from({ length: count }, (_, index) => (index + 1) * 1_000));
  });

  it('stops with the server, also while it waits', async () => {
    const { clock, madeAtMs, preparer } = open();
    void preparer.prepare(undefined, () => true);
    await clock.advance(70);
    const stopped = preparer.stop();
    await clock.advance(100);
    await stopped;
    expect(madeAtMs).toEqual([]);
  });
});
