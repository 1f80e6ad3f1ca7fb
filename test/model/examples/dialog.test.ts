import { expect, it } from 'vitest';
import {
  Conversation,
  dialogLlm,
  inProcessBus,
  parseDialog,
  scriptedStt,
  scriptedTts,
  settle,
  speexResampler,
  VirtualClock,
} from '../../../testing/mod.ts';

const dialog = parseDialog(`
language: en
name: Robbie
entries:
  - id: follow
    phrases: follow me
    replies: I am coming.
    actions:
      - name: follow
`);

it('follows when it is asked to', async () => {
  const clock = new VirtualClock({ settle });
  const done: string[] = [];
  const talk = new Conversation({
    clock,
    bus: inProcessBus(),
    resamplers: await speexResampler(),
    stt: scriptedStt(clock, [{ text: 'follow me' }]),
    llm: dialogLlm({ dialog, clock }),
    tts: scriptedTts(clock),
    actions: {
      run: async ({ name }) => {
        done.push(name);
        return null;
      },
    },
  });

  await talk.speak(800);
  await talk.beSilent(300);
  await talk.until(() => talk.of('reply.end').length > 0);

  expect(done).toEqual(['follow']);
  expect(talk.of('reply.end')[0]).toMatchObject({ reason: 'completed', heard: 'I am coming.' });
  expect(await talk.end()).toEqual({ violations: [], divergence: undefined });
});
