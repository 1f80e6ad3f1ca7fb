import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { behaviourReader } from '../../actors/behaviour/hearing.ts';
import { aborted } from '../../actors/cancellation.ts';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { loadBehaviour } from '../../server/behaviour/load.ts';
import type { SttScript } from '../../testing/scripted-engines.ts';
import { scene, type Talk } from '../session/scene.ts';
import { afterTest } from '../support/after-test.ts';
import { robotLog } from './robot-log.ts';

const FILE = fileURLToPath(new URL('../../examples/delivery/delivery.behaviour.ts', import.meta.url));

/** The client reports how its actions end. */
const robot = async (said?: readonly SttScript[]) =>
  scene({
    ...{ behaviour: await loadBehaviour(FILE), results: true, ...(said && { said }) },
    ...(said ? {} : { output: 'text' as const }),
    actions: { run: (_, signal) => aborted(signal) },
  });

const type = async (talk: Talk, text: string) => {
  talk.send({ type: 'text', text });
  await talk.wait(10);
};

const done = async (talk: Talk) => {
  const id = talk.of('action').findLast(({ status }) => status === 'started')?.id ?? '';
  talk.send({ type: 'action.result', id, status: 'done' });
  await talk.wait(10);
};

it('brings coffee, and hands it over at the second try', async () => {
  const talk = await robot();
  await type(talk, 'bring me some coffee');
  await type(talk, 'room twelve please');
  await type(talk, 'how long will it take');
  await done(talk);
  await type(talk, 'one two three four');
  await type(talk, '2468');
  await done(talk);
  talk.send({ type: 'event', name: 'box.closed' });
  await done(talk);
  expect(robotLog(talk.heard)).toEqual([
    'said: To which room?',
    'drive started',
    'said: I am bringing coffee to room 12.',
    'said: I am on my way to room 12.',
    'drive done',
    'reports arrived',
    'said: I have coffee for you. Please tell me your PIN.',
    'said: That is not the PIN.',
    'said: I have coffee for you. Please tell me your PIN.',
    'open started',
    'said: Here you are.',
    'open done',
    'dock started',
    'dock done',
  ]);
});

it('takes it back without an answer', async () => {
  const talk = await robot();
  await type(talk, 'bring mail to room 3');
  await done(talk);
  await talk.wait(30_000);
  expect(robotLog(talk.heard).slice(3)).toEqual([
    'reports arrived',
    'said: I have mail for you. Please tell me your PIN.',
    'said: Four digits, please.',
    'said: I have mail for you. Please tell me your PIN.',
    'reports nobody',
    'dock started',
    'said: Nobody is here. I am going back.',
  ]);
});

it('goes home when its battery is low, over what it says', async () => {
  const talk = await robot([{ partial: 'bring mail to room 3', text: 'bring mail to room 3' }]);
  await talk.speak(800);
  await talk.beSilent(400);
  await talk.until(() => talk.state === 'speaking');
  await talk.wait(600);
  talk.send({ type: 'event', name: 'battery.low', data: { percent: 7 } });
  await talk.wait(6_000);
  expect(robotLog(talk.heard)).toEqual([
    'drive started',
    'drive cancelled',
    'dock started',
    'interrupted after: I am',
    'said: My battery is low. I am going home now.',
  ]);
});

it('confirms an order that is not sure, and acts on an event of the robot meanwhile', async () => {
  const unsure = { partial: 'bring mail to room 3', text: 'bring mail to room 3', confidence: 0.2 };
  const program = await loadBehaviour(FILE);
  const talk = await scene({
    ...{ behaviour: program, results: true, said: [unsure] },
    read: behaviourReader(parseDialog('entries: [{ id: hi, phrases: hi, replies: Hello. }]'), program, true),
    actions: { run: (_, signal) => aborted(signal) },
  });
  await talk.speak(800);
  await talk.beSilent(400);
  await talk.wait(3_000);
  talk.send({ type: 'event', name: 'battery.low', data: { percent: 7 } });
  // The user has the floor until the time for the answer is over.
  await talk.wait(20_000);
  expect(robotLog(talk.heard)).toEqual([
    'said: Did you say: bring mail to room 3?',
    'dock started',
    'said: My battery is low. I am going home now.',
  ]);
});

it('is written as docs/how-to/behaviour.md shows', async () => {
  const page = await readFile(new URL('../../docs/how-to/behaviour.md', import.meta.url), 'utf8');
  const [, written = ''] =
    /<!-- run by test\/behaviour\/delivery.test.ts -->\s+```ts\n([\s\S]*?)```/u.exec(page) ?? [];
  // Beside the tests, because it imports the package by its name.
  const folder = fileURLToPath(new URL('doorman.tmp', import.meta.url));
  await mkdir(folder, { recursive: true });
  afterTest(() => rm(folder, { recursive: true }));
  const file = join(folder, 'doorman.behaviour.ts');
  await writeFile(file, written);
  const talk = await scene({ behaviour: await loadBehaviour(file), output: 'text' });
  await type(talk, 'open the door');
  await type(talk, '2468');
  expect(robotLog(talk.heard)).toEqual(['said: What is your PIN?', 'open started', 'open done']);
});

it('names file and line of a wrong name, and what was meant', async () => {
  const folder = fileURLToPath(new URL('wrong.tmp', import.meta.url));
  await mkdir(folder, { recursive: true });
  afterTest(() => rm(folder, { recursive: true }));
  const file = join(folder, 'wrong.behaviour.mjs');
  await writeFile(
    file,
    `import { behaviour } from 'parley-voice/behaviour';
export default behaviour({ id: 'wrong', phrases: { hello: ['hello'] } }).createMachine({
  initial: 'here',
  states: { here: { on: { 'heard.helo': {} } } },
});
`,
  );
  await expect(loadBehaviour(file)).rejects.toThrow(
    `the behaviour is not valid: ${file}:4: state here: unknown event "heard.helo"; did you mean "heard.hello"?`,
  );
  await expect(loadBehaviour(join(folder, 'none.js'))).rejects.toThrow('the behaviour file cannot be read');
});
