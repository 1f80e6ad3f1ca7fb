import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
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
} from 'parley-voice/testing';
import { skills } from './robot.js';

const dialog = parseDialog(readFileSync(new URL('robot.dialog.yaml', import.meta.url), 'utf8'));

test('the robot turns where it is told to', async () => {
  const clock = new VirtualClock({ settle });
  const done = [];
  const talk = new Conversation({
    clock,
    bus: inProcessBus(),
    resamplers: await speexResampler(),
    stt: scriptedStt(clock, [{ text: 'turn left please' }]),
    llm: dialogLlm({ dialog, clock }),
    tts: scriptedTts(clock),
    actions: { run: async ({ name, args }) => done.push({ name, args }) && null },
  });

  await talk.speak(800);
  await talk.beSilent(300);
  await talk.until(() => talk.of('reply.end').length > 0);

  assert.deepEqual(done, [{ name: 'turn', args: { direction: 'left' } }]);
  assert.deepEqual(await talk.end(), { violations: [], divergence: undefined });
});

test('the robot can do whatever its dialog promises', () => {
  const promised = dialog.entries.flatMap(({ actions }) => actions.map(({ name }) => name));
  assert.deepEqual(
    promised.filter((name) => !(name in skills)),
    [],
  );
});
