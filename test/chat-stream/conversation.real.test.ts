/** `/chat/stream` of a whole server with scripted engines and the real store, with Node's own HTTP client. */
import { describe, expect, it } from 'vitest';
import { sqliteStore } from '../../adapters/store/sqlite.ts';
import { asking, ChatAnswer } from '../../server/endpoints/chat-stream/chat-test-util.ts';
import { breakOff, chatReply, openaiServer } from '../../testing/loopback/mod.ts';
import { type Scene, startServer } from '../realtime/scene.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { parley } from '../support/processes.ts';

async function meet(scene: Scene = {}) {
  const { server, asked } = await startServer(scene);
  const post = (body: object, headers?: Record<string, string>) => ChatAnswer.post(server.url, body, headers);
  return { server, asked, post };
}

/** The answer, complete. */
async function told(answer: Promise<ChatAnswer>): Promise<ChatAnswer> {
  const given = await answer;
  await given.all();
  return given;
}

const order = (content: string, turn: number) => asking(content, { turn, type: 'COMMAND' });

describe('a conversation over /chat/stream', () => {
  it('goes on from request to request, in the language that each asks for', async () => {
    const { post, asked } = await meet();
    const first = await told(post(asking('what is here', { turn: 1 })));
    expect(first.text).toBe('There are two chairs.');
    expect(first.events.at(-1)).toMatchObject({ event: 'done', data: { stats: { tokens: 4 } } });
    await told(post(asking('und dort', { turn: 2, meta: { lang: 'de', emotionHint: 'curious' } })));
    expect(asked).toMatchObject([
      { language: 'en', messages: [{ role: 'user', content: 'what is here' }] },
      {
        language: 'de',
        instructions: expect.stringContaining('curious'),
        messages: [
          { role: 'user', content: 'what is here' },
          { role: 'assistant', content: 'There are two chairs.' },
          { role: 'user', content: 'und dort' },
        ],
      },
    ]);
  });

  it('remembers what was delivered when a client closed its connection', async () => {
    const { post, asked } = await meet({ reply: () => ({ text: 'One two three four five', tokenMs: 60 }) });
    const answer = await post(asking('count', { turn: 1 }));
    while (answer.text !== 'One two ') await answer.next();
    answer.leave();
    await told(post(asking('and?', { turn: 2 })));
    const [, said] = asked.at(-1)?.messages ?? [];
    expect(said?.role).toBe('assistant');
    // What was on the way counts as delivered.
    expect(said?.content).toMatch(/^One two( three)?$/);
    const again = await told(post(asking('count', { turn: 1 })));
    expect(again.events.map(({ event }) => event)).toEqual(['text-delta', 'error']);
    expect(again.text).toMatch(/^One two/);
    expect(asked).toHaveLength(2);
  });

  it('stops at its words, and begins again when it is rearmed', async () => {
    const { post } = await meet();
    const stop = await told(post(asking('stop', { turn: 1 })));
    expect(stop.events.map(({ event }) => event)).toEqual(['done']);
    const refused = await post(asking('hello', { turn: 2 }));
    expect([refused.response.status, await refused.code()]).toEqual([409, 'SESSION_STOPPED']);
    await told(post(order('rearm', 2)));
    expect((await told(post(asking('hello', { turn: 3 })))).text).toBe('There are two chairs.');
  });

  it('is not the conversation of a client with another secret', async () => {
    const { post, asked } = await meet();
    await told(post(asking('my name is Ada', { turn: 1 }), { 'Parley-Client-Secret': 'mine' }));
    await told(post(asking('what is my name', { turn: 2 }), { 'Parley-Client-Secret': 'yours' }));
    expect(asked.at(-1)?.messages).toEqual([{ role: 'user', content: 'what is my name' }]);
  });

  it('shows in the metrics under the name of its endpoint', async () => {
    const { post, server } = await meet();
    await told(post(asking('hello', { turn: 1 })));
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('parley_sessions_opened_total{endpoint="chat-stream"} 1');
  });
});

describe('a conversation over /chat/stream, after a restart of the server', () => {
  /** Two servers with the same data, one after the other. */
  async function restarted(talk: (post: (body: object) => Promise<ChatAnswer>) => Promise<unknown>) {
    const scene = { flags: { dataDir: await temporaryFolder() } };
    const first = await meet(scene);
    await talk(first.post);
    await first.server.close();
    return meet(scene);
  }

  it('answers a turn from the store, without doing it again', async () => {
    let given: ChatAnswer | undefined;
    const { post, asked } = await restarted(async (first) => {
      given = await told(first(asking('what is here', { turn: 1 })));
    });
    const again = await told(post(asking('what is here', { turn: 1 })));
    expect(again.text).toBe('There are two chairs.');
    expect(again.events.at(-1)).toEqual(given?.events.at(-1));
    expect(asked).toEqual([]);
    const other = await post(asking('what is there', { turn: 1 }));
    expect(await other.code()).toBe('TURN_CONFLICT');
  });

  it('goes on where it was', async () => {
    const { post, asked } = await restarted((first) => told(first(asking('my name is Ada', { turn: 1 }))));
    await told(post(asking('what is my name', { turn: 2 })));
    expect(asked[0]?.messages.map(({ content }) => content)).toEqual([
      ...['my name is Ada', 'There are two chairs.', 'what is my name'],
    ]);
  });

  it('is still stopped', async () => {
    const { post } = await restarted((first) => told(first(order('halt', 1))));
    const refused = await post(asking('hello', { turn: 2 }));
    expect(await refused.code()).toBe('SESSION_STOPPED');
  });

  it('says of a turn that a crash cut off that it was lost', async () => {
    const engine = await openaiServer({
      chat: () => breakOff(chatReply(['One ', 'two ']), 2, { do: 'hang' }),
    });
    afterTest(() => engine.close());
    const dataDir = await temporaryFolder();
    const start = async () => {
      const process = parley([
        ...['serve', '--port', '0', '--data-dir', dataDir, '--engines.llm=slow'],
        `--llm.servers=${JSON.stringify({ slow: { baseURL: engine.baseURL } })}`,
      ]);
      afterTest(() => process.kill());
      const [, url = ''] = await process.line(/listens on (\S+)/u);
      return { process, url };
    };
    const first = await start();
    const answer = await ChatAnswer.post(first.url, asking('count', { turn: 1 }));
    expect((await answer.next())?.data.content).toBe('One ');
    await first.process.kill();
    const second = await start();
    const again = await ChatAnswer.post(second.url, asking('count', { turn: 1 }));
    expect((await again.all()).at(-1)).toMatchObject({ event: 'error', data: { code: 'TURN_LOST' } });
    expect(engine.requests.filter(({ path }) => path.endsWith('completions'))).toHaveLength(1);
  });

  it('forgets with its session what is deleted', async () => {
    const dataDir = await temporaryFolder();
    const first = await meet({ flags: { dataDir } });
    await told(first.post(asking('my name is Ada', { turn: 1 })));
    await first.server.close();
    const store = sqliteStore({ path: `${dataDir}/parley.db` });
    for (const { session } of await store.sessions()) await store.deleteSession(session);
    await store.close();
    const { post, asked } = await meet({ flags: { dataDir } });
    await told(post(asking('what is my name', { turn: 1 })));
    expect(asked[0]?.messages).toHaveLength(1);
  });
});
