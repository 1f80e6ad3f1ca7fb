import { expect, it } from 'vitest';
import { dialogReader } from '../../actors/dialog/mod.ts';
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
} from '../../testing/mod.ts';

const dialog = parseDialog('entries: [{ id: hello, phrases: hello, replies: Hi., askBelow: 0.3 }]');

it('records what the dialog knows about the words beside the transcript', async () => {
  const clock = new VirtualClock({ settle });
  const talk = new Conversation({
    clock,
    bus: inProcessBus(),
    resamplers: await speexResampler(),
    stt: scriptedStt(clock, [{ text: 'hello' }]),
    llm: dialogLlm({ dialog, clock }),
    tts: scriptedTts(clock),
    read: dialogReader(dialog),
  });
  await talk.speak(800);
  await talk.beSilent(300);
  await talk.until(() => talk.of('reply.end').length > 0);

  const finals = talk.log.flatMap((entry) =>
    entry.type === 'event' && entry.event.type === 'xstate.done.actor.stt' ? entry.event.output : [],
  );
  expect(finals).toMatchObject([{ text: 'hello', reading: { askBelow: 0.3 } }]);
  expect(await talk.end()).toEqual({ violations: [], divergence: undefined });
});
