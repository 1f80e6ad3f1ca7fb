import { type Rig, type ScriptedSession, startRig } from '../../door/door-test-util.ts';
import type { ChatRequest } from './request.ts';

export interface SentEvent {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An answer of `POST /chat/stream`, read as a client without a library does. */
export class ChatAnswer {
  readonly response: Response;
  readonly events: SentEvent[] = [];
  readonly #abort: AbortController;
  #reader: ReadableStreamDefaultReader<string> | undefined;
  #buffer = '';

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
  }

  static async post(
    url: string,
    body: object | string,
    headers: Record<string, string> = {},
  ): Promise<ChatAnswer> {
    const abort = new AbortController();
    const response = await fetch(`${url}/chat/stream`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      signal: abort.signal,
    });
    return new ChatAnswer(response, abort);
  }

  /** Code of an error before the stream. */
  async code(): Promise<string> {
    return ((await this.response.json()) as { error: { code: string } }).error.code;
  }

  /** The next event; undefined at the end of the stream. */
  async next(): Promise<SentEvent | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf('\n\n');
      if (end >= 0) {
        const block = this.#buffer.slice(0, end);
        this.#buffer = this.#buffer.slice(end + 2);
        const [, event = '', data = ''] = /^event: (.+)\ndata: (.+)$/.exec(block) ?? [];
        if (event === '') continue; // a comment
        this.events.push({ event, data: JSON.parse(data) });
        return this.events.at(-1);
      }
      this.#reader ??= this.response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const { value, done } = (await this.#reader?.read()) ?? { value: undefined, done: true };
      if (done) return undefined;
      this.#buffer += value;
    }
  }

  /** Reads to the end. */
  async all(): Promise<readonly SentEvent[]> {
    while (await this.next());
    return this.events;
  }

  /** The text so far. */
  get text(): string {
    return this.events.map(({ event, data }) => (event === 'text-delta' ? data.content : '')).join('');
  }

  /** Closes the connection. */
  leave(): void {
    this.#abort.abort();
  }
}

/** A request with what every test leaves out. */
export function asking(content: string, more: Partial<ChatRequest> & { turn: number }): object {
  return { sessionId: 'robot-1', type: 'TEXT', content, ...more };
}

/** A session's messages around one reply. */
export function begin(session: ScriptedSession, generation: number): void {
  session.say({ type: 'state', value: 'processing', turn: generation, generation, seq: 0, at: 0 });
}
export function say(session: ScriptedSession, generation: number, text: string): void {
  session.say({ type: 'reply', turn: generation, generation, text });
}
export function end(
  session: ScriptedSession,
  generation: number,
  reason: 'completed' | 'interrupted' | 'failed' = 'completed',
): void {
  session.say({ type: 'reply.end', turn: generation, generation, reason, heard: '', timings: {} });
  session.say({ type: 'state', value: 'idle', turn: generation, generation, seq: 0, at: 0 });
}

/** Sessions that begin a reply to every text at once, and end it when interrupted. `given`: types of their commands. */
function talkative(rig: Rig, given: string[]): void {
  rig.host.beforeOpen = (_request, session) => {
    let generation = 0;
    session.onCommand = ({ type }) => {
      given.push(type);
      if (type === 'text') begin(session, ++generation);
      if (type === 'interrupt') end(session, generation, 'interrupted');
    };
  };
}

export async function meet(options: Parameters<typeof startRig>[0] = {}) {
  const rig = await startRig(options);
  const given: string[] = [];
  talkative(rig, given);
  const post = (body: object | string, headers?: Record<string, string>) =>
    ChatAnswer.post(rig.address.url, body, headers);
  return { rig, post, given };
}

/** The first turn of a conversation whose reply has begun. */
export async function asked(options: Parameters<typeof startRig>[0] = {}, headers?: Record<string, string>) {
  const met = await meet(options);
  const answer = await met.post(asking('hello', { turn: 1 }), headers);
  return { ...met, answer, session: await met.rig.host.opened.take() };
}
