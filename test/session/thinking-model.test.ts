import { expect, it } from 'vitest';
import { pause } from '../../actors/cancellation.ts';
import { type ChainEvent, chainLlm } from '../../actors/chain/mod.ts';
import type { LlmEngine } from '../../actors/ports/llm.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { inProcessBus } from '../../adapters/bus/in-process.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { Conversation, settle } from '../../testing/conversation.ts';
import { scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';

const resamplers = await speexResampler();

/** A typed turn, answered by a chain of a model that thinks and others, with the default deadlines. */
async function answered(thinksMs: number, others: readonly number[]) {
  const clock = new VirtualClock({ settle });
  const thinker: LlmEngine = {
    name: 'thinker',
    async *reply(_request, signal) {
      for (let ms = 0; ms < thinksMs; ms += 1_000) {
        await pause(clock, 1_000, signal);
        yield { type: 'delta', text: '' };
      }
      yield { type: 'delta', text: 'I thought of it.' };
    },
    close: async () => {},
  };
  const asked: string[] = [];
  const onEvent = ({ type, engine }: ChainEvent) => {
    if (type === 'asked') asked.push(`${engine} at ${clock.nowMs() / 1_000} s`);
  };
  const rest = others.map((firstTokenMs, i) =>
    scriptedLlm(clock, () => ({ text: 'It is noon.', firstTokenMs }), `other${i + 1}`),
  );
  const talk = new Conversation({
    ...{ clock, resamplers, bus: inProcessBus({ onHandlerError: () => {} }) },
    stt: scriptedStt(clock, []),
    llm: chainLlm([thinker, ...rest], { clock, firstByteMs: 3_000, onEvent }),
    tts: scriptedTts(clock, () => ({})),
  });
  talk.send({ type: 'text', text: 'what is it' });
  await clock.advance(60_000);
  const said = talk.of('reply.end').map(({ heard }) => heard);
  const errors = talk.of('error').map(({ code }) => code);
  const { violations, divergence } = await talk.end();
  expect({ violations, divergence }).toEqual({ violations: [], divergence: undefined });
  return { said, errors, asked };
}

it('a model that thinks for longer than any deadline is waited for', async () => {
  expect(await answered(20_000, [])).toEqual({
    ...{ said: ['I thought of it.'], errors: [] },
    asked: ['thinker at 0 s'],
  });
});

it('no other model is asked while one thinks', async () => {
  expect(await answered(20_000, [100])).toMatchObject({
    said: ['I thought of it.'],
    asked: ['thinker at 0 s'],
  });
});

it('after a model that never stops thinking, each other one has its whole time', async () => {
  expect(await answered(Number.POSITIVE_INFINITY, [20_000, 2_500])).toEqual({
    ...{ said: ['It is noon.'], errors: [] },
    asked: ['thinker at 0 s', 'other1 at 30 s', 'other2 at 33 s'],
  });
});

it('a model that never stops thinking is given up if there is no other', async () => {
  expect(await answered(Number.POSITIVE_INFINITY, [])).toEqual({
    ...{ said: ['Sorry, something went wrong. Please try again.'], errors: ['LLM_TIMEOUT'] },
    asked: ['thinker at 0 s'],
  });
});
