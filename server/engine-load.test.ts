import { expect, it } from 'vitest';
import type { EngineClients } from '../actors/engine-rpc/mod.ts';
import type { TtsEvent } from '../actors/ports/tts.ts';
import { VirtualClock } from '../machines/clock.ts';
import { ParleyError } from '../machines/errors.ts';
import { scriptedLlm, scriptedStt, scriptedTts } from '../testing/scripted-engines.ts';
import { EngineLoad } from './engine-load.ts';

const scope = { session: 's', generation: 1 };

async function speak(tts: EngineClients['tts']): Promise<void> {
  const { signal } = new AbortController();
  for await (const event of tts(scope).synthesize({ text: 'a', language: 'en' }, signal)) void event;
}

function rig(firstByteMs: number, maxWaiting = 3) {
  const clock = new VirtualClock({ settle: () => new Promise((resolve) => setImmediate(resolve)) });
  const load = new EngineLoad({
    nowMs: () => clock.nowMs(),
    maxWaiting,
    maxWaitMs: { stt: 1_000, llm: 1_000, tts: 1_000 },
  });
  const engines: EngineClients = {
    stt: () => scriptedStt(clock, [{ text: 'hello', finalMs: 2_000 }]),
    llm: () => scriptedLlm(clock, () => ({ text: 'Yes.', firstTokenMs: firstByteMs, tokenMs: 1 })),
    tts: () => scriptedTts(clock, () => ({ firstByteMs, msPerChar: 10 })),
  };
  return { clock, load, engines };
}

it('counts requests until their first answer, and is overloaded when too many wait', async () => {
  const { clock, load, engines } = rig(1_500, 3);
  const { tts } = load.watch(engines, () => undefined);
  const speaking = [speak(tts), speak(tts)];
  await clock.advance(1_400);
  expect(load.refusal()).toBeUndefined();
  speaking.push(speak(tts));
  await clock.advance(50);
  expect(load.refusal()).toEqual(new ParleyError('OVERLOADED', '3 requests wait for tts, up to 1450 ms'));
  await clock.advance(60);
  expect(load.refusal()).toBeUndefined();
  await clock.advance(5_000);
  await Promise.all(speaking);
});

it('is overloaded when several wait too long, but not when one hangs', async () => {
  const { clock, load, engines } = rig(1_500, 100);
  const { tts } = load.watch(engines, () => undefined);
  const speaking = Array.from({ length: 7 }, () => speak(tts));
  await clock.advance(1_100);
  expect(load.refusal()).toBeUndefined();
  speaking.push(speak(tts));
  expect(load.refusal()).toMatchObject({ code: 'OVERLOADED' });
  await clock.advance(5_000);
  await Promise.all(speaking);
});

it('forgets requests that were cancelled or failed', async () => {
  const { clock, load, engines } = rig(60_000);
  const { tts, llm } = load.watch(engines, () => undefined);
  const abort = new AbortController();
  const ask = async (i: number) => {
    const request = { text: 'a', language: 'en' };
    const events: AsyncIterable<TtsEvent | object> =
      i % 2 === 0
        ? tts(scope).synthesize(request, abort.signal)
        : llm(scope).reply({ messages: [], language: 'en', seed: 1 }, abort.signal);
    for await (const event of events) void event;
  };
  const asked = Promise.allSettled([0, 1, 2, 3].map(ask));
  await clock.advance(10);
  abort.abort(new ParleyError('CANCELLED'));
  await clock.advance(10);
  expect((await asked).map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
  await clock.advance(10_000);
  expect(load.refusal()).toBeUndefined();
});

it('refuses to recognise an utterance while new turns are refused', () => {
  const { load, engines } = rig(1);
  const { stt } = load.watch(engines, (session) => new ParleyError('OVERLOADED', session));
  const silence = (async function* () {})();
  expect(() => stt(scope).transcribe(silence, { language: 'en' }, new AbortController().signal)).toThrow(
    /begins nothing new: s$/u,
  );
});
