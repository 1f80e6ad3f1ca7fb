import { describe, expect, it } from 'vitest';
import type { Economy } from '../../actors/ports/economy.ts';
import type { Conversation } from '../../testing/conversation.ts';
import { answeredAloud, askAloud, parameters, REPLY, scene, user } from './scene.ts';

/** An overload that takes everything from running sessions that it may. */
const OVERLOADED: Economy = { speculates: false, partials: false };

/** Words that the client was shown while they were said. */
function captions(talk: Conversation): readonly string[] {
  return talk.of('transcript').flatMap(({ final, text }) => (final ? [] : [text]));
}

describe('a session of an overloaded process', () => {
  it('prepares no reply, and answers with one request when the turn has ended', async () => {
    const talk = await scene({ economy: OVERLOADED, memory: { recall: async () => ['The kettle is red.'] } });
    await talk.speak(600);
    await talk.beSilent(400);
    expect(talk.asked).toEqual([]);
    await answeredAloud(talk);
    expect(talk.asked).toHaveLength(1);
    expect(JSON.stringify(talk.asked[0])).toContain('The kettle is red.');
    expect(talk.of('reply.end')).toMatchObject([{ reason: 'completed', heard: REPLY }]);
  });

  it('shows no words before the turn has ended, and all of them then', async () => {
    const talk = await scene({ economy: OVERLOADED, said: [{ partial: 'hello', text: 'hello there' }] });
    await answeredAloud(talk);
    expect(captions(talk)).toEqual([]);
    expect(talk.asked).toEqual([[user('hello there')]]);
  });

  it('is stopped by the first words all the same', async () => {
    const words = { halt: ['emergency stop'] };
    const talk = await scene({
      ...{ economy: OVERLOADED, parameters: parameters({ words }) },
      said: [{ partial: 'emergency stop', text: 'emergency stop' }],
    });
    await talk.speak(600);
    expect(captions(talk)).toEqual(['emergency stop']);
  });

  it('is interrupted by the first words all the same', async () => {
    const talk = await scene({
      ...{ economy: OVERLOADED, parameters: { ...parameters({}), partials: true } },
      said: [{ text: 'hello' }, { partial: 'wait a moment', text: 'wait a moment please' }],
    });
    await askAloud(talk);
    await talk.speak(600);
    expect(captions(talk)).toEqual(['wait a moment']);
    expect(talk.of('flush')).not.toEqual([]);
  });

  it('has everything again as soon as there is room', async () => {
    const economy = { speculates: false, partials: false };
    const talk = await scene({ economy });
    await answeredAloud(talk);
    Object.assign(economy, { speculates: true, partials: true });
    await answeredAloud(talk);
    expect(captions(talk)).toEqual(['hello']);
    expect(talk.of('reply.end').at(-1)?.timings.prepared).toBeGreaterThan(0);
  });
});
