import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../machines/clock.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import { settle } from '../../testing/conversation.ts';
import { hang, scriptedLlm } from '../../testing/scripted-engines.ts';
import type { LlmEngine } from '../ports/llm.ts';
import type { TtsEngine } from '../ports/tts.ts';
import { Speculation, type SpeculationDeps } from './speculation.ts';

/** A speculation of a reply to "hello". */
function speculationOf({ llm, tts }: Pick<SpeculationDeps, 'llm' | 'tts'>) {
  return new Speculation(
    {
      ...{ generation: 1, language: 'en', voice: null, seed: 1, text: 'hello', recalls: false },
      messages: [{ role: 'user', content: 'hello' }],
    },
    { ...{ llm, tts }, recallMs: 500, reply: defaultParameters.reply, reading: defaultParameters.reading },
  );
}

describe('a speculation that is discarded', () => {
  it('makes no audio of the text so far when its language engine ends quietly', async () => {
    // given a language engine with half a segment, which ends without an error when it is cancelled
    const clock = new VirtualClock({ settle });
    const requested: string[] = [];
    const tts: TtsEngine = {
      name: 'counts',
      async *synthesize({ text }) {
        requested.push(text);
        yield* [];
      },
      close: async () => {},
    };
    const llm: LlmEngine = {
      name: 'quiet',
      async *reply(_request, signal) {
        yield { type: 'delta', text: 'There are two' };
        await hang(signal).catch(() => {});
      },
      close: async () => {},
    };
    const child = new AbortController();
    const run = speculationOf({ llm, tts }).run(child.signal);
    const ended = expect(run).rejects.toMatchObject({ code: 'CANCELLED' });
    await clock.advance(500);
    // when the user says more
    child.abort();
    await ended;
    await clock.advance(500);
    // then
    expect(requested).toEqual([]);
  });
});

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
    const speculation = speculationOf({ llm, tts });
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
