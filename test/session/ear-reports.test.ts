import { expect, it } from 'vitest';
import { askAloud, backToIdle, scene } from './scene.ts';

it('a client that asks for it gets five times a second what the ear hears', async () => {
  const talk = await scene({ earReports: true, echo: 'present' });
  await askAloud(talk);
  await talk.speak(200);
  const reports = talk.of('ear');
  const times = reports.map(({ at }) => at);
  expect(times.length).toBeGreaterThan(3);
  expect(times.slice(1).map((at, index) => Math.round(at - (times[index] ?? 0)))).toEqual(
    times.slice(1).map(() => 200),
  );
  expect(Math.max(...reports.map(({ speech }) => speech))).toBeGreaterThan(0.5);
  expect(reports.filter(({ echo }) => echo)).not.toEqual([]);
  await backToIdle(talk);
});

it('other clients are not', async () => {
  const talk = await scene({ echo: 'present' });
  await talk.speak(500);
  expect(talk.of('ear')).toEqual([]);
  await backToIdle(talk);
});
