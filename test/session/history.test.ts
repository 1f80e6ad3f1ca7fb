import { expect, it } from 'vitest';
import { answered, askByText, assistant, backToIdle, scene, system, user } from './scene.ts';

it('a client’s history replaces what was said, also during a reply, and a turn adds to it', async () => {
  const talk = await scene({ replies: ['One.', 'Two.'] });
  await askByText(talk, 'first');
  talk.send({ type: 'history', entries: [system('The guest is Ada.')] });
  await backToIdle(talk);
  await answered(talk, 'second');
  expect(talk.asked[1]).toEqual([
    system('The guest is Ada.'),
    user('first'),
    assistant('One.'),
    user('second'),
  ]);
});
