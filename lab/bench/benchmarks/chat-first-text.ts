import { Agent, request } from 'node:http';
import { idWord } from '../load/identifiers.ts';
import { monotonicMs } from '../load/monotonic.ts';
import { callsById } from '../load/reply-parts.ts';
import { type Row, spreadRow } from '../report/rows.ts';
import { type Benchmark, startWorld } from './benchmark.ts';

/** Time between the end of an answer and the next request of its session, ms: a session may take a turn a second. */
const THINK_MS = 700;

interface Asked {
  readonly id: string;
  readonly sentMs: number;
  readonly firstTextMs: number;
}

/** Delay from a request of `/chat/stream` to the first text of its answer. */
export const chatFirstTextBenchmark: Benchmark = {
  name: 'chat-first-text',
  run: async (context) => {
    const rows: Row[] = [];
    const { quick, buses } = context.options;
    const sessions = quick ? 2 : 10;
    const forMs = quick ? 3_000 : 20_000;
    for (const bus of buses) {
      for (const llm of ['openai', 'dialog'] as const) {
        const world = await startWorld(context, { bus, flags: { 'engines.llm': llm } });
        const words = (id: string) =>
          llm === 'dialog' ? 'what is your name' : `please tell me what you see ${id}`;
        await chat(world.url, sessions, quick ? 1_000 : 4_000, words);
        await world.takeEngines();
        context.progress(`${bus}: ${sessions} sessions chat with the engine ${llm}`);
        const asked = await chat(world.url, sessions, forMs, words);
        const calls = callsById(await world.takeEngines());
        await world.stop();
        const place = { bus, sessions };
        const wholeMs = asked.map(({ sentMs, firstTextMs }) => firstTextMs - sentMs);
        if (llm === 'dialog')
          rows.push(
            spreadRow({ what: 'the server’s own dialog, nothing taken off', ...place }, 'ms', wholeMs, {
              p95: 250,
            }),
          );
        else {
          const ownMs = asked.flatMap(({ id, sentMs, firstTextMs }) => {
            const call = calls.get(id)?.llm;
            const firstMs = call?.tokensMs[0];
            return call && firstMs !== undefined ? [firstTextMs - sentMs - (firstMs - call.receivedMs)] : [];
          });
          rows.push(
            spreadRow({ what: 'Parley’s own share', ...place }, 'ms', ownMs, { p99: 5 }),
            spreadRow({ what: '· with the engine’s 100 ms', ...place }, 'ms', wholeMs, { p95: 250 }),
          );
        }
      }
    }
    return {
      name: 'chat-first-text',
      method: [
        'A request is sent on an open connection → the first `text-delta` is at the client; for the own share, off goes what the LLM took to',
        'its first token by its own clock. Each session asks again 0.7 s after the end of the answer.',
      ],
      rows,
      notes: [],
    };
  },
};

/** Lets `sessions` clients ask again and again for `forMs`, spread over the first second. */
async function chat(
  url: string,
  sessions: number,
  forMs: number,
  words: (id: string) => string,
): Promise<Asked[]> {
  const agent = new Agent({ keepAlive: true });
  const endMs = monotonicMs() + forMs;
  const asked: Asked[] = [];
  const client = async (index: number) => {
    const sessionId = crypto.randomUUID();
    await later((index * 1_000) / sessions);
    for (let turn = 1; monotonicMs() < endMs; turn++) {
      const id = idWord(index * 1_000 + turn);
      const sentMs = monotonicMs();
      const firstTextMs = await ask(url, agent, { sessionId, turn, type: 'TEXT', content: words(id) });
      asked.push({ id, sentMs, firstTextMs });
      await later(THINK_MS);
    }
  };
  await Promise.all(Array.from({ length: sessions }, (_, index) => client(index)));
  agent.destroy();
  return asked;
}

/** Resolves at the end of the answer with the time of its first text. */
function ask(url: string, agent: Agent, body: object): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json' };
    const sent = request(`${url}/chat/stream`, { method: 'POST', agent, headers }, (response) => {
      let firstMs: number | undefined;
      response.on('data', (piece: Buffer) => {
        if (firstMs === undefined && piece.includes('text-delta')) firstMs = monotonicMs();
      });
      response.on('end', () => {
        if (firstMs !== undefined) resolve(firstMs);
        else reject(new Error(`no text, status ${response.statusCode}`));
      });
    });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
