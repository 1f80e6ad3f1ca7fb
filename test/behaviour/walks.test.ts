/** `parley test` finds what is wrong with a behaviour, and nothing in a sound one. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { AnyStateMachine } from 'xstate';
import { parseDialog } from '../../actors/dialog/mod.ts';
import { speexResampler } from '../../adapters/audio/resampler.ts';
import { assign, behaviour, say } from '../../machines/behaviour/define.ts';
import { loadBehaviour } from '../../server/behaviour/load.ts';
import { readDialog } from '../../server/dialog-file.ts';
import { packagedDialog } from '../../server/packaged-dialogs.ts';
import { explore } from '../../testing/behaviour/explore.ts';
import { difference, parsePage } from '../../testing/behaviour/paths.ts';
import { lineOf, stepOf } from '../../testing/behaviour/steps.ts';
import { testBehaviour } from '../../testing/behaviour/test-file.ts';
import { Grounds } from '../../testing/behaviour/walk.ts';
import { afterTest } from '../support/after-test.ts';

const DELIVERY = fileURLToPath(new URL('../../examples/delivery/delivery.behaviour.ts', import.meta.url));
const dialog = parseDialog('entries: [{ id: hi, phrases: hi, replies: Hello. }]');
const groundsOf = async (machine: AnyStateMachine, beside = dialog) =>
  new Grounds(machine, beside, await speexResampler());

const robot = behaviour({
  id: 'robot',
  phrases: {
    go: ['go', 'drive on'],
    back: ['come back'],
    name: ['my name is {colour}'],
    drive: ['drive on'],
  },
  slots: { colour: ['red', 'blue'], pin: 'digits 4' },
  robotEvents: { level: { percent: 'number' } },
  types: {} as { context: { tries?: number; made?: unknown } },
});

/** What a walk finds in a chart, as `kind: state: detail`. */
async function found(machine: AnyStateMachine, source = ''): Promise<readonly string[]> {
  const { findings } = await explore({ grounds: await groundsOf(machine), source });
  return findings.map(({ kind, at, detail }) => `${kind}: ${at}: ${detail}`);
}

it('finds nothing in a sound chart, and takes all its transitions', async () => {
  const machine = robot.createMachine({
    context: {},
    initial: 'here',
    states: {
      here: { on: { 'heard.go': 'asking' } },
      asking: {
        invoke: {
          src: 'ask',
          input: { question: 'What is the PIN?', slot: 'pin' },
          onDone: [
            { guard: ({ event }) => event.output.slots.pin === '9075', target: 'driving' },
            { target: 'here', actions: say('That is wrong.') },
          ],
          onError: 'here',
        },
      },
      driving: {
        entry: say('I am driving.'),
        invoke: { src: 'act', input: { name: 'drive' }, onDone: 'here', onError: 'here' },
        on: {
          'heard.back': 'here',
          'robot.level': { guard: ({ event }) => event.percent < 20, target: 'here' },
        },
        after: { 30000: 'here' },
      },
    },
  });
  const { findings, ways, states } = await explore({
    grounds: await groundsOf(machine),
    source: "=== '9075' … percent < 20",
  });
  expect([findings, ways, states]).toEqual([[], { taken: 9, of: 9 }, { entered: 3, of: 3 }]);
});

const here = { on: { 'heard.go': 'there' } } as const;

it.each<readonly [string, AnyStateMachine]>([
  [
    'unreachable: lost: no transition leads to it',
    robot.createMachine({ context: {}, initial: 'here', states: { here: {}, lost: { always: 'here' } } }),
  ],
  [
    'dead end: there: the task stays here whatever happens',
    robot.createMachine({ context: {}, initial: 'here', states: { here, there: {} } }),
  ],
  [
    'dead end: there: the task stays here after act',
    robot.createMachine({
      context: {},
      initial: 'here',
      states: { here, there: { invoke: { src: 'act', input: { name: 'drive' }, onError: {} } } },
    }),
  ],
  [
    'unhandled end: there: act has no onError',
    robot.createMachine({
      context: {},
      initial: 'here',
      states: { here, there: { invoke: { src: 'act', input: { name: 'drive' }, onDone: 'here' } } },
    }),
  ],
  [
    'unhandled end: there: ask has no onError',
    robot.createMachine({
      context: {},
      initial: 'here',
      states: {
        here,
        there: { invoke: { src: 'ask', input: { question: 'Which?', slot: 'colour' }, onDone: 'here' } },
      },
    }),
  ],
  [
    'unhandled end: there: no guard of its onDone takes {"slots":{"colour":"red"},"text":"blue"}',
    robot.createMachine({
      context: {},
      initial: 'here',
      states: {
        here,
        there: {
          invoke: {
            src: 'ask',
            input: { question: 'Which?', slot: 'colour' },
            onDone: { guard: ({ event }) => event.output.slots.colour === 'red', target: 'here' },
            onError: 'here',
          },
        },
      },
    }),
  ],
  [
    'two meanings: here: "drive on" is heard.drive, but the robot takes it for heard.go',
    robot.createMachine({
      context: {},
      initial: 'here',
      states: { here: { on: { 'heard.go': 'there', 'heard.drive': 'there' } }, there: { always: 'here' } },
    }),
  ],
  [
    'no exit: there: "Which?" is asked for ever',
    robot.createMachine({
      context: {},
      initial: 'here',
      states: {
        here,
        there: {
          invoke: {
            src: 'ask',
            input: { question: 'Which?', slot: 'colour' },
            onDone: 'here',
            onError: { target: 'there', reenter: true },
          },
        },
      },
    }),
  ],
  [
    'starts twice: there: drive starts again after back',
    robot.createMachine({
      context: {},
      initial: 'here',
      states: {
        here,
        there: {
          invoke: { src: 'act', input: { name: 'drive' }, onDone: 'here', onError: 'here' },
          on: { back: { target: 'there', reenter: true } },
        },
      },
    }),
  ],
  [
    'never heard: there: "Off I go."',
    robot.createMachine({
      context: {},
      initial: 'here',
      states: {
        here,
        there: { invoke: { src: 'say', input: { text: 'Off I go.' } }, always: 'here' },
      },
    }),
  ],
  [
    'not taken: here: here: robot.level',
    robot.createMachine({
      context: {},
      initial: 'here',
      states: {
        here: { on: { 'robot.level': { guard: () => false, actions: say('Low.') }, 'heard.go': {} } },
      },
    }),
  ],
  [
    'failed: here (failed): the behaviour failed and has ended; the conversation goes on without it: robot: context.made is a function, which is not JSON',
    robot.createMachine({
      context: {},
      initial: 'here',
      states: { here: { on: { 'heard.go': { actions: assign({ made: () => () => {} }) } } } },
    }),
  ],
])('%s', async (finding, machine) => {
  const all = await found(machine);
  expect(
    all.map((one) =>
      one.replace(/"colour":"(?:red|blue)"/u, '"colour":"red"').replace(/"text":"[^"]*"/u, '"text":"blue"'),
    ),
  ).toContain(finding);
});

it('walks the delivery robot through all its transitions', async () => {
  const { machine } = await loadBehaviour(DELIVERY);
  const { findings, ways } = await explore({
    ...{ grounds: await groundsOf(machine), source: await readFile(DELIVERY, 'utf8'), maxContexts: 2 },
  });
  expect([findings, ways]).toEqual([[], { taken: 25, of: 25 }]);
});

const example = (name: string) =>
  fileURLToPath(new URL(`../../examples/${name}.behaviour.ts`, import.meta.url));

it.each([
  'delivery/delivery',
  'coffee-kiosk/coffee',
  'reminder/reminder',
  'reminder/reminder.zh',
  'museum/museum',
])('holds the conversations of the example %s as they are written', async (name) => {
  const { machine } = await loadBehaviour(example(name));
  // As `parley test` does it: beside the dialog file of the package.
  const packaged = await readDialog({ dialog: packagedDialog(), language: 'en', byLanguage: {} });
  const grounds = await groundsOf(machine, packaged);
  const folder = example(name).replace(/\.behaviour\.ts$/u, '.paths');
  const pages = readdirSync(folder);
  const differences = [];
  for (const page of pages) {
    const differs = await difference(grounds, parsePage(readFileSync(join(folder, page), 'utf8')));
    if (differs) differences.push({ page, ...differs });
  }
  expect(differences).toEqual([]);
  expect(pages.length).toBeGreaterThan(7);
});

it('writes paths as conversations, and says which are no longer so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'paths-'));
  afterTest(() => rm(folder, { recursive: true }));
  const chart = (answer: string) =>
    robot.createMachine({
      context: {},
      initial: 'here',
      states: { here: { on: { 'heard.back': { actions: say(answer) } } } },
    });
  const test = async (answer: string, update: boolean) =>
    testBehaviour({ grounds: await groundsOf(chart(answer)), source: '', folder, update });
  await test('Here I am.', true);
  const page = join(folder, 'here-heard.back.md');
  const written = await readFile(page, 'utf8');
  expect(written).toBe(
    [
      '# here: heard.back',
      '',
      '```',
      '  → here',
      'user: come back',
      'robot: Here I am.',
      '  → here',
      '```',
      '',
    ].join('\n'),
  );
  await writeFile(
    page,
    written.replace('robot: Here I am.\n', 'robot: Here I am.\nexpect: Here\nexpect: drive\n'),
  );
  expect((await test('Here I am.', false)).changed).toEqual([
    { page: 'here-heard.back.md', written: undefined, happened: undefined, unmet: ['drive'] },
  ]);
  expect((await test('Yes.', false)).changed).toMatchObject([
    { written: 'robot: Here I am.', happened: 'robot: Yes.', unmet: ['Here', 'drive'] },
  ]);
  await test('Yes.', true);
  expect(await readFile(page, 'utf8')).toContain('robot: Yes.\n  → here\nexpect: Here\nexpect: drive\n');
});

it.each([
  'user: bring coffee',
  'user (unsure): bring coffee',
  'user: … (8.2 s)',
  'event: level {"percent":9}',
  'action: drive done {"at":"home"}',
  'action: drive failed',
  'stop',
  'interrupt',
  'model: fails',
])('reads the line "%s" as it writes it', (line) => {
  const step = stepOf(line);
  expect(step && lineOf(step)).toBe(line);
});
