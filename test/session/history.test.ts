import { expect, it } from 'vitest';
import { askByText, backToIdle, finish, scene } from './scene.ts';

it('a client’s history replaces what was said, also during a reply, and a turn adds to it', async () => {
  const asked: unknown[] = [];
  const talk = await scene({ replies: ['One.', 'Two.'] }, asked);
  await askByText(talk, 'first');
  talk.send({ type: 'history', entries: [{ role: 'system', content: 'The guest is Ada.' }] });
  await backToIdle(talk);
  await askByText(talk, 'second');
  await backToIdle(talk);
  expect(asked[1]).toEqual([
    { role: 'system', content: 'The guest is Ada.' },
    { role: 'user', content: 'first' },
    { role: 'assistant', content: 'One.' },
    { role: 'user', content: 'second' },
  ]);
  await finish(talk);
});
