import { expect, it } from 'vitest';
import type { LlmEngine, LlmEvent } from '../actors/ports/llm.ts';
import { boundedReplies } from './bounded-replies.ts';

const REQUEST = { messages: [], language: 'en', seed: 1 };

/** The text of a reply that the engine sends in these pieces, how many pieces were asked for, and the sessions that were cut. */
async function replied(pieces: readonly string[], maxChars: number) {
  let sent = 0;
  const engine: LlmEngine = {
    name: 'endless',
    async *reply() {
      for (const text of pieces) {
        sent += 1;
        yield { type: 'delta', text };
      }
      yield { type: 'action', id: '1', name: 'wave', args: {} };
    },
    close: async () => {},
  };
  const cut: string[] = [];
  const engines = { llm: () => engine } as unknown as Parameters<typeof boundedReplies>[0];
  const bounded = boundedReplies(engines, maxChars, (session) => cut.push(session));
  const events: LlmEvent[] = [];
  const reply = bounded.llm({ session: 's', generation: 1 }).reply(REQUEST, new AbortController().signal);
  for await (const event of reply) events.push(event);
  return { events, sent, cut };
}

it('a reply of up to the limit passes unchanged, with its actions', async () => {
  const { events, cut } = await replied(['abc', 'de'], 5);
  expect(events.map((event) => (event.type === 'delta' ? event.text : event.name))).toEqual([
    'abc',
    'de',
    'wave',
  ]);
  expect(cut).toEqual([]);
});

it('a longer reply ends at the limit, and no more of it is read', async () => {
  const megabytes = Array.from({ length: 64 }, () => 'word '.repeat(13_000));
  const { events, sent, cut } = await replied(megabytes, 5_000);
  expect(events).toEqual([{ type: 'delta', text: 'word '.repeat(1_000) }]);
  expect(sent).toBe(1);
  expect(cut).toEqual(['s']);
});

it('is not cut within a character', async () => {
  expect((await replied(['ab😀'], 3)).events).toEqual([{ type: 'delta', text: 'ab' }]);
});
