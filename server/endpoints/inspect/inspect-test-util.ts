import { WebSocket } from 'ws';
import type { LlmEngine } from '../../../actors/ports/llm.ts';
import { realClock } from '../../../adapters/real-clock.ts';
import { afterTest, temporaryFolder } from '../../../test/support/after-test.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../../testing/scripted-engines.ts';
import { VoiceClient } from '../../client/voice-client.ts';
import { loadConfig } from '../../config/load.ts';
import { type Logger, makeLogger } from '../../log.ts';
import { serve } from '../../serve.ts';
import type { Server } from '../../serve-options.ts';
import {
  INSPECT_LIVE_PATH,
  INSPECT_SESSIONS_PATH,
  INSPECT_SUBPROTOCOL,
  type InspectMessage,
  type PageMessage,
  type SessionFeed,
  serverMessage,
} from './wire.ts';

/** A complete server with scripted engines, on a free port, with its own data directory. */
export async function startTestServer(
  flags: Readonly<Record<string, unknown>> = {},
  llm?: LlmEngine,
  log: Logger = makeLogger('silent'),
): Promise<Server> {
  const dataDir = await temporaryFolder();
  const server = await serve({
    config: loadConfig({
      constants: true,
      flags: { port: 0, dataDir, 'limits.drainGraceMs': 0, ...flags },
    }),
    log,
    parts: {
      engines: {
        stt: scriptedStt(realClock, [{ text: 'hello there' }]),
        llm: llm ?? scriptedLlm(realClock, () => ({ text: 'Yes.', firstTokenMs: 1, tokenMs: 1 })),
        tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 10 })),
      },
      vad: levelVad(),
    },
  });
  afterTest(() => server.close());
  return server;
}

const PATIENCE_MS = 20_000;

/** A user who is connected. */
export class User {
  readonly client: VoiceClient;
  readonly session: string;

  private constructor(client: VoiceClient, session: string) {
    this.client = client;
    this.session = session;
  }

  static async connect(url: string, token?: string): Promise<User> {
    const client = await VoiceClient.connect({ url, clock: realClock, ...(token && { token }) });
    afterTest(() => client.close());
    const ready = client.arrivals[0]?.message;
    if (ready?.type !== 'ready') throw new Error('the session is not ready');
    return new User(client, ready.session);
  }

  /** A typed turn, up to the end of its reply. */
  async ask(text: string): Promise<void> {
    const since = this.client.arrivals.length;
    this.client.send({ type: 'text', text });
    await this.client.waitFor(({ type }) => type === 'reply.end', { since, timeoutMs: PATIENCE_MS });
  }

  /** Waits until the client got this state. */
  async told(state: string): Promise<void> {
    const found = await this.client.waitFor(
      (message) => message.type === 'state' && message.value === state,
      { timeoutMs: PATIENCE_MS },
    );
    if (!found) throw new Error(`no state ${state}`);
  }
}

/** An inspector's page: its WebSocket, and the received messages. */
export class Page {
  readonly socket: WebSocket;
  readonly received: InspectMessage[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #checks = new Set<() => void>();

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}${INSPECT_LIVE_PATH}`, INSPECT_SUBPROTOCOL, {
      headers,
    });
    this.socket.on('error', () => {});
    this.socket.on('message', (data) => {
      this.received.push(serverMessage.parse(JSON.parse(String(data))));
      for (const check of this.#checks) check();
    });
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
    );
  }

  /** A page whose hello was accepted. */
  static async open(url: string, token?: string): Promise<Page> {
    const page = new Page(url);
    afterTest(() => page.socket.terminate());
    page.socket.once('open', () => page.say({ type: 'hello', ...(token !== undefined && { token }) }));
    await page.until(({ received }) => received.length > 0);
    return page;
  }

  say(message: PageMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  raw(text: string): void {
    this.socket.send(text);
  }

  /** Resolves as soon as `condition` holds; it is checked with every message. */
  until(condition: (page: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition(this)) return;
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }

  /** Resolves when the feed of a session begins, or the session is reported as not live. */
  async watch(session: string): Promise<Extract<InspectMessage, { type: 'watching' }>> {
    this.say({ type: 'watch', session });
    const found = () => this.of('watching').find((message) => message.session === session);
    await this.until(() => found() !== undefined);
    const message = found();
    if (!message) throw new Error('no answer');
    return message;
  }

  of<Type extends InspectMessage['type']>(type: Type): Extract<InspectMessage, { type: Type }>[] {
    return this.received.filter(
      (message): message is Extract<InspectMessage, { type: Type }> => message.type === type,
    );
  }

  /** The feed of a session so far. */
  feeds(session: string): SessionFeed[] {
    return this.of('feed').flatMap(({ feed }) => (feed.session === session ? [feed] : []));
  }
}

/** Requests an endpoint below `/v1/inspect/sessions`. */
export async function ask(
  url: string,
  below = '',
  init: RequestInit = {},
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}${INSPECT_SESSIONS_PATH}${below}`, init);
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}
