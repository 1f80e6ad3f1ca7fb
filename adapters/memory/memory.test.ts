import { describe, expect, it } from 'vitest';
import type { Memory, RememberedTurn } from '../../actors/ports/memory.ts';
import { afterTest, temporaryFolder } from '../../test/support/after-test.ts';
import { answer, scriptedServer } from '../../testing/loopback/http-script.ts';
import { realClock } from '../real-clock.ts';
import { sqliteStore } from '../store/sqlite.ts';
import { type Embed, openAiEmbeddings } from './embeddings.ts';
import { localMemory } from './local.ts';
import { memuMemory } from './memu.ts';

const never = new AbortController().signal;

function turn(id: string, text: string, more: Partial<RememberedTurn> = {}): RememberedTurn {
  return {
    ...{ id, user: 'anna', session: 's1', text, reply: 'I see.', profile: {}, keepWords: true },
    ...{ at: `2026-01-02T03:04:${id.padStart(2, '0')}.000Z`, ...more },
  };
}

async function local(embed?: Embed): Promise<Memory> {
  const store = sqliteStore({ path: `${await temporaryFolder()}/parley.db` });
  const memory = localMemory({ rows: store.memories, embed, topK: 3, minSimilarity: 0.3 });
  afterTest(async () => {
    await memory.close();
    await store.close();
  });
  return memory;
}

const recall = (memory: Memory, text: string, user = 'anna') =>
  memory.recall({ session: 's2', user, text }, never);

describe('the local memory', () => {
  it('finds what a user said by its words, the best first, and nothing of other users', async () => {
    const memory = await local();
    await memory.remember(turn('1', 'My sister Clara lives in Rome and has two cats.'));
    await memory.remember(turn('2', 'The garage needs new paint.'));
    await memory.remember(turn('3', 'I went to Rome by train.'));
    await memory.remember(turn('4', 'My cats live in Rome too.', { user: 'ben' }));

    expect(await recall(memory, 'where does my sister live?')).toEqual([
      '2026-01-02, the user said: My sister Clara lives in Rome and has two cats.',
    ]);
    expect(await recall(memory, 'what about Rome?')).toHaveLength(2);
    expect(await recall(memory, 'boats"); DROP TABLE memories; --')).toEqual([]);
    expect(await recall(memory, 'sister', 'ben')).toEqual([]);
    expect(await memory.recall({ session: 's2', text: 'sister' }, never)).toEqual([]);
  });

  it.each([
    ['Chinese', '我妹妹住在上海，她喜欢喝绿茶', '我妹妹喜欢什么茶？'],
    ['Japanese', '妹は大阪に住んでいて、猫が好きです', '妹はどこに住んでいますか'],
    ['Korean', '제 여동생은 부산에 살아요', '여동생은 어디에 있어요?'],
    ['German', 'Mein Fahrrad ist rot und steht im Keller', 'Wo steht mein FAHRRAD?'],
  ])('finds words in %s', async (_language, said, asked) => {
    const memory = await local();
    await memory.remember(turn('1', said));
    await memory.remember(turn('2', 'something else 42'));
    expect(await recall(memory, asked)).toEqual([`2026-01-02, the user said: ${said}`]);
  });

  it('returns what is known of the user whatever is asked, with the newest value of each fact', async () => {
    const memory = await local();
    await memory.remember(turn('2', 'I like coffee', { profile: { drink: 'coffee' }, keepWords: false }));
    await memory.remember(
      turn('1', 'I like tea', { profile: { drink: 'tea', name: 'Anna' }, keepWords: false }),
    );
    expect((await recall(memory, '')).toSorted()).toEqual(['drink: coffee', 'name: Anna']);
    expect((await recall(memory, 'what time is it?')).toSorted()).toEqual(['drink: coffee', 'name: Anna']);
  });

  it('remembers a turn once that is written twice', async () => {
    const memory = await local();
    for (const _ of [1, 2])
      await memory.remember(turn('1', 'My cat is called Tom.', { profile: { cat: 'Tom' } }));
    expect(await memory.list('anna')).toMatchObject([
      { key: 'cat', text: 'Tom', session: 's1' },
      { id: '1', text: 'My cat is called Tom.' },
    ]);
  });

  it('forgets a user, and what still comes of the time before', async () => {
    const memory = await local();
    await memory.remember(turn('1', 'My cat is called Tom.', { profile: { cat: 'Tom' } }));
    await memory.remember(turn('1b', 'My dog is called Rex.', { user: 'ben' }));
    expect(await memory.forget('anna')).toBe(2);
    await memory.remember(turn('2', 'My cat is called Tom.', { profile: { cat: 'Tom' } }));
    expect(await memory.list('anna')).toEqual([]);
    expect(await memory.list('ben')).toHaveLength(1);
    await memory.remember(turn('3', 'A new start.', { at: '2999-01-01T00:00:00.000Z' }));
    expect(await memory.list('anna')).toHaveLength(1);
  });

  it('finds by meaning what shares no word, with the embeddings of a server', async () => {
    const directions: Readonly<Record<string, readonly number[]>> = {
      'I own a kitten.': [1, 0.1, 0],
      'The weather is fine.': [0, 0, 1],
      'Do I have a pet?': [1, 0, 0],
    };
    const server = await scriptedServer(
      realClock,
      ({ url, body, incoming }) => ({
        ...{ path: url.pathname, authorization: incoming.headers.authorization },
        ...(JSON.parse(body.toString()) as { input: string; model: string }),
      }),
      ({ input }) =>
        answer(
          200,
          'application/json',
          JSON.stringify({ data: [{ embedding: directions[input] ?? [0, 1, 0] }] }),
        ),
    );
    afterTest(() => server.close());
    const memory = await local(openAiEmbeddings({ baseURL: server.baseURL, apiKey: 'key', model: 'small' }));
    await memory.remember(turn('1', 'I own a kitten.'));
    await memory.remember(turn('2', 'The weather is fine.'));
    expect(await recall(memory, 'Do I have a pet?')).toEqual(['2026-01-02, the user said: I own a kitten.']);
    expect(server.requests[0]).toEqual({
      ...{ path: '/v1/embeddings', authorization: 'Bearer key', model: 'small', input: 'I own a kitten.' },
    });
  });
});

describe('the memory of a memU server', () => {
  const options = {
    apiKey: 'secret',
    agentId: 'robot',
    topK: 4,
    minSimilarity: 0.4,
    categories: ['profile'],
  };

  async function memu(answers: Readonly<Record<string, unknown>>, status = 200) {
    const server = await scriptedServer(
      realClock,
      ({ url, body, incoming }) => ({
        path: url.pathname.replace('/api/v1/memory/', ''),
        authorization: incoming.headers.authorization,
        body: JSON.parse(body.toString()) as unknown,
      }),
      ({ path }) => answer(status, 'application/json', JSON.stringify(answers[path] ?? {})),
    );
    const memory = memuMemory({ ...options, baseURL: new URL(server.baseURL).origin });
    afterTest(async () => {
      await memory.close();
      await server.close();
    });
    return { server, memory };
  }

  it('is asked for related memories, gets whole turns, and asked to delete', async () => {
    const item = {
      memory_id: 'm1',
      category: 'profile',
      content: 'Anna likes tea.',
      created_at: '2026-01-02',
    };
    const { server, memory } = await memu({
      'retrieve/related-memory-items': {
        related_memories: [{ memory: item, similarity_score: 0.8 }],
        total_found: 1,
      },
      memorize: { task_id: 't1', status: 'PENDING', message: '' },
      'retrieve/default-categories': {
        categories: [
          { name: 'profile', memory_items: { memories: [item] } },
          { name: 'event', memory_items: null },
        ],
      },
      delete: { success: true, deleted_count: 1 },
    });
    expect(await recall(memory, 'what do I drink?')).toEqual(['Anna likes tea.']);
    await memory.remember(turn('1', 'I like tea', { profile: { drink: 'tea' } }));
    expect(await memory.list('anna')).toEqual([
      { id: 'm1', key: 'profile', text: 'Anna likes tea.', session: '', at: '2026-01-02' },
    ]);
    expect(await memory.forget('anna')).toBe(1);
    const ours = { user_id: 'anna', agent_id: 'robot' };
    expect(server.requests.map(({ path, body }) => [path, body])).toEqual([
      [
        'retrieve/related-memory-items',
        {
          ...ours,
          query: 'what do I drink?',
          top_k: 4,
          min_similarity: 0.4,
          include_categories: ['profile'],
        },
      ],
      [
        'memorize',
        {
          ...{ ...ours, user_name: 'anna', agent_name: 'robot', session_date: '2026-01-02T03:04:01.000Z' },
          conversation: [
            { role: 'user', content: "I like tea\nThe user's drink: tea" },
            { role: 'assistant', content: 'I see.' },
          ],
        },
      ],
      ['retrieve/default-categories', { ...ours, want_memory_items: true }],
      ['delete', ours],
    ]);
    expect(server.requests[0]?.authorization).toBe('Bearer secret');
  });

  it('fails with a code for what it does not understand, without the key in the message', async () => {
    const garbage = await memu({});
    await expect(recall(garbage.memory, 'tea')).rejects.toMatchObject({ code: 'ENGINE_PROTOCOL' });
    const refused = await memu({ 'retrieve/related-memory-items': { detail: 'bad key secret' } }, 401);
    const failure = await recall(refused.memory, 'tea').catch((error: Error) => error.message);
    expect(failure).toContain('HTTP 401');
    expect(failure).not.toContain('secret');
  });
});
