import { expect, it } from 'vitest';
import {
  Conversation,
  inProcessBus,
  scriptedLlm,
  scriptedStt,
  scriptedTts,
  settle,
  speexResampler,
  VirtualClock,
} from '../../../testing/mod.ts';

it('stops talking when the user means it', async () => {
  const clock = new VirtualClock({ settle });
  const talk = new Conversation({
    clock,
    bus: inProcessBus(),
    resamplers: await speexResampler(),
    stt: scriptedStt(clock, [{ text: 'tell me a story' }, { partial: 'wait', text: 'wait' }]),
    llm: scriptedLlm(clock, () => ({ text: 'Once upon a time there was a robot that listened.' })),
    tts: scriptedTts(clock),
  });

  await talk.speak(800);
  await talk.beSilent(300);
  await talk.until(() => talk.state === 'speaking');
  await talk.wait(1_000);
  await talk.speak(500);

  const [end] = talk.of('reply.end');
  expect(end?.reason).toBe('interrupted');
  expect(end?.heard).toMatch(/^Once upon/);
  expect(talk.state).toBe('listening');
  expect(await talk.end()).toEqual({ violations: [], divergence: undefined });
});
