/** The delivery robot in YAML: the same walk as the one in TypeScript. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { aborted } from '../../actors/cancellation.ts';
import { loadBehaviour, readBehaviour } from '../../server/behaviour/load.ts';
import { loadConfig } from '../../server/config/load.ts';
import { readDialog } from '../../server/dialog-file.ts';
import { scene, type Talk } from '../session/scene.ts';
import { temporaryFolder } from '../support/after-test.ts';
import { robotLog as logOf } from './robot-log.ts';

const fileOf = (name: string) => fileURLToPath(new URL(`../../examples/delivery/${name}`, import.meta.url));
const YAML = fileOf('delivery.yaml');
const TYPESCRIPT = fileOf('delivery.behaviour.ts');

/** A robot whose client reports how its actions end. */
const robot = async (file: string) =>
  scene({
    ...{ behaviour: await loadBehaviour(file), results: true, output: 'text' },
    actions: { run: (_, signal) => aborted(signal) },
  });

async function type(talk: Talk, ...texts: readonly string[]) {
  for (const text of texts) {
    talk.send({ type: 'text', text });
    await talk.wait(10);
  }
}

const done = async (talk: Talk) => {
  const id = talk.of('action').findLast(({ status }) => status === 'started')?.id ?? '';
  talk.send({ type: 'action.result', id, status: 'done' });
  await talk.wait(10);
};

const walks: Readonly<Record<string, (talk: Talk) => Promise<void>>> = {
  'asks what is missing, and hands over at the second try': async (talk) => {
    await type(talk, 'bring me some coffee', 'room twelve please', 'how long will it take');
    await done(talk);
    await type(talk, 'one two three four', '2468');
    await done(talk);
    talk.send({ type: 'event', name: 'box.closed' });
    await done(talk);
  },
  'takes it back after two wrong PINs': async (talk) => {
    await type(talk, 'bring something to room 3', 'mail');
    await done(talk);
    await type(talk, '1111', '2222');
    await done(talk);
  },
  'takes it back without an answer': async (talk) => {
    await type(talk, 'bring mail to room 3');
    await done(talk);
    await talk.wait(30_000);
  },
  'goes home when its battery is low': async (talk) => {
    await type(talk, 'bring mail to room 3');
    talk.send({ type: 'event', name: 'battery.low', data: { percent: 7 } });
    await talk.wait(5_000);
  },
  'is cancelled, stuck, and goes on': async (talk) => {
    await type(talk, 'bring me towels', 'never mind', 'bring mail to room 4');
    const id = talk.of('action').findLast(({ status }) => status === 'started')?.id ?? '';
    talk.send({ type: 'action.result', id, status: 'failed', message: 'the way is blocked' });
    await talk.wait(10);
    await type(talk, 'go on', 'forget the order');
  },
  'closes after a minute': async (talk) => {
    await type(talk, 'bring mail to room 3');
    await done(talk);
    await type(talk, '2468');
    await talk.wait(61_000);
  },
};

describe('the delivery robot in YAML', () => {
  it.each(Object.entries(walks))('%s, as the one in TypeScript', async (_, walk) => {
    const [one, other] = [await robot(YAML), await robot(TYPESCRIPT)];
    await walk(one);
    await walk(other);
    expect(logOf(one.heard).length).toBeGreaterThan(3);
    expect(logOf(one.heard)).toEqual(logOf(other.heard));
    const keys = (talk: Talk) => talk.of('action').map(({ key, args }) => [key, args]);
    expect(keys(one)).toEqual(keys(other));
  });
});

it('may be in the dialog file, whose entries are answered beside it', async () => {
  const file = join(await temporaryFolder(), 'robot.yaml');
  const entries = 'entries: [{ id: name, phrases: what is your name, replies: I am Parley. }]';
  await writeFile(file, `${entries}\n${await readFile(YAML, 'utf8')}`);
  const dialog = await readDialog(loadConfig({ flags: { dialog: file } }));
  const program = await readBehaviour({}, dialog);
  expect(program?.definition.id).toBe('delivery');
  expect(program?.answeredByDialog('what is your name', 'en')).toBe(true);
});

describe('a mistake in the file', () => {
  it.each([
    ['heard.bring:', 'heard.brings:', 'unknown event "heard.brings"; did you mean "heard.bring"?'],
    ['goto: order', 'goto: ordre', 'unknown state "ordre"; did you mean "order"?'],
    ['slot: item,', 'slot: itm,', 'unknown slot "itm"; did you mean "item"?'],
    ['set: { wrong:', 'set: { wrnog:', 'unknown member of the context "wrnog"; did you mean "wrong"?'],
    ['when: wrong + 1', 'when: worng + 1', 'the context has no member "worng"; did you mean "wrong"?'],
    ['room: "{room}"', 'room: "{rom}"', 'unknown member of the context "rom"; did you mean "room"?'],
    ['do: open', 'doo: open', 'unknown key "doo"; did you mean "do"?'],
    ['when: item == null', 'when: item ==', 'Unexpected token'],
  ])('in %s is named with its line', async (right, wrong, message) => {
    const text = await readFile(YAML, 'utf8');
    const file = join(await temporaryFolder(), 'wrong.yaml');
    await writeFile(file, text.replace(right, wrong));
    const line = text.slice(0, text.indexOf(right)).split('\n').length;
    const failure = await loadBehaviour(file).then(
      () => 'none',
      (error: Error) => error.message,
    );
    expect(failure).toContain(message);
    expect(failure).toContain(`${file}:${line}:`);
  });
});
