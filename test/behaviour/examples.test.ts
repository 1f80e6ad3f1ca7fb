/** The examples of behaviours, as their users would try them. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { aborted } from '../../actors/cancellation.ts';
import { loadBehaviour } from '../../server/behaviour/load.ts';
import { scene, type Talk } from '../session/scene.ts';
import { robotLog } from './robot-log.ts';

/** A robot that types, and whose client reports how its actions end. */
const robot = async (file: string, language = 'en') =>
  scene({
    behaviour: await loadBehaviour(fileURLToPath(new URL(`../../examples/${file}`, import.meta.url))),
    ...{ results: true, output: 'text' as const, language },
    actions: { run: (_, signal) => aborted(signal) },
  });

const type = async (talk: Talk, ...texts: readonly string[]) => {
  for (const text of texts) {
    talk.send({ type: 'text', text });
    await talk.wait(10);
  }
};

const ends = async (talk: Talk, status: 'done' | 'failed') => {
  const id = talk.of('action').findLast((action) => action.status === 'started')?.id ?? '';
  talk.send({ type: 'action.result', id, status });
  await talk.wait(10);
};

it('the coffee kiosk takes an order, a correction and the money, once', async () => {
  const talk = await robot('coffee-kiosk/coffee.behaviour.ts');
  await type(talk, 'hi can i have a large latte', 'two with oat milk', 'no, make it small', 'yes');
  await ends(talk, 'failed');
  await type(talk, 'try again');
  await ends(talk, 'done');
  await ends(talk, 'done');
  expect(robotLog(talk.heard)).toEqual([
    'said: Which milk?',
    'said: 2 large latte, oat milk. Is that right?',
    'said: 2 small latte, oat milk. Is that right?',
    'pay started',
    'said: That is 6.40 euros. Please hold your card to the reader.',
    'pay failed',
    'said: The payment did not work. Shall I try again?',
    'pay started',
    'said: That is 6.40 euros. Please hold your card to the reader.',
    'pay done',
    'reports paid',
    'brew started',
    'said: Thank you. I am making your latte.',
    'brew done',
    'said: Here you are. Enjoy it!',
  ]);
  const started = talk.of('action').filter(({ status }) => status === 'started');
  expect(started.map(({ key, args }) => [key, args])).toEqual([
    ['test/coffee.paying/1', { euros: '6.40' }],
    ['test/coffee.paying/2', { euros: '6.40' }],
    ['test/coffee.brewing/1', { drink: 'latte', size: 'small', milk: 'oat milk', cups: 2 }],
  ]);
});

it('the coffee kiosk lets go of an order that is cancelled', async () => {
  const talk = await robot('coffee-kiosk/coffee.behaviour.ts');
  talk.send({ type: 'event', name: 'person.near' });
  await talk.wait(10);
  await type(talk, 'a latte', 'never mind');
  expect(robotLog(talk.heard)).toEqual([
    'said: Good morning!',
    'said: What would you like?',
    'said: Which size?',
    'said: All right. See you soon.',
  ]);
});

it('the reminder robot speaks first, and asks until it is answered', async () => {
  const talk = await robot('reminder/reminder.behaviour.ts');
  await type(talk, 'remind me in ten minutes to take my pills');
  await talk.wait(599_000);
  expect(robotLog(talk.heard).slice(1)).toEqual([]);
  await talk.wait(2_000);
  await talk.wait(350_000);
  await type(talk, 'not yet');
  await talk.wait(301_000);
  await type(talk, 'yes i did');
  const asks = 'said: It is time to take your pills. Have you done it?';
  expect(robotLog(talk.heard)).toEqual([
    'said: I will remind you in 10 minutes to take your pills.',
    asks,
    asks,
    'reports unanswered',
    asks,
    'said: I will ask again in 5 minutes.',
    asks,
    'reports done',
    'said: Very good.',
  ]);
});

it('the reminder robot speaks Chinese', async () => {
  const talk = await robot('reminder/reminder.zh.behaviour.ts', 'zh');
  await type(talk, '十分钟后提醒我吃药');
  await talk.wait(601_000);
  await type(talk, '等一下');
  await talk.wait(301_000);
  await type(talk, '已经吃了');
  expect(robotLog(talk.heard)).toEqual([
    'said: 好的，10分钟后提醒您吃药。',
    'said: 该吃药了。好了吗？',
    'said: 那我5分钟后再问。',
    'said: 该吃药了。好了吗？',
    'reports done',
    'said: 很好。',
  ]);
});
