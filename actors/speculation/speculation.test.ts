import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { settle } from '../../testing/conversation.ts';
import { hang, scriptedLlm } from '../../testing/scripted-engines.ts';
import type { TtsEngine } from '../ports/tts.ts';
import { Speculation } from './speculation.ts';

describe('a speculation after the takeover', () => {
  it('stops synthesising the first segment when the reply ends without requesting it', async () => {
    // given a speculation whose first segment is being made
    const clock = new VirtualClock({ settle });
    let running = 0;
    const tts: TtsEngine = {
      name: 'hangs',
      async *synthesize(_request, signal) {
        running++;
        try {
          await hang(signal);
          yield* [];
        } finally {
          running--;
        }
      },
      close: async () => {},
    };
    const llm = scriptedLlm(clock, () => ({ text: 'There are two chairs by a desk.' }));
    const speculation = new Speculation(
      {
        ...{ generation: 1, language: 'en', voice: null, seed: 1, text: 'hello', recalls: false },
        messages: [{ role: 'user', content: 'hello' }],
      },
      { ...{ session: 's', clock, llm, tts }, recallMs: 500, reply: defaultParameters.reply },
    );
    const child = new AbortController();
    const run = speculation.run(child.signal).catch(() => {});
    await clock.advance(500);
    expect(running).toBe(1);
    // when its reply takes over, and is ended by the first thing that it reads
    speculation.asTts(tts);
    speculation.asLlm(llm);
    child.abort();
    await run;
    expect(running).toBe(1);
    speculation.endSpeech();
    await clock.advance(0);
    // then
    expect(running).toBe(0);
  });
});
