/** A whole server with scripted engines, which may speak TLS, and the unmodified npm clients of the API in front of it. */

import { OpenAI } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import type { RealtimeClientEvent, RealtimeServerEvent } from 'openai/resources/realtime/realtime';
import type { LlmRequest } from '../../actors/ports/llm.ts';
import { realClock } from '../../adapters/real-clock.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import type { Server } from '../../server/serve-options.ts';
import { Awaiting } from '../../testing/loopback/awaiting.ts';
import {
  type LlmScript,
  levelVad,
  type SttScript,
  scriptedLlm,
  scriptedStt,
  scriptedTts,
  type TtsScript,
} from '../../testing/scripted-engines.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { makeCertificate } from '../support/certificate.ts';

const RATE = 24_000;

export interface Scene {
  readonly said?: readonly SttScript[];
  readonly reply?: (request: LlmRequest) => LlmScript;
  readonly voice?: TtsScript;
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Speak TLS. Default: plain. */
  readonly tls?: boolean;
}

/** Closed when the test has finished. */
export interface RealtimeServer {
  readonly server: Server;
  /** `ws://…/v1/realtime`, or `wss://…` with TLS. */
  readonly url: string;
  /** With TLS: its certificate, which clients must trust. */
  readonly ca?: string;
  /** What the language engine was asked, in order. */
  readonly asked: LlmRequest[];
}

export async function startServer(scene: Scene = {}): Promise<RealtimeServer> {
  const dataDir = await temporaryFolder();
  const asked: LlmRequest[] = [];
  const made = scene.tls ? makeCertificate(dataDir) : undefined;
  const tls = made && { 'tls.cert': made.cert, 'tls.key': made.key };
  const server = await serve({
    config: loadConfig({
      flags: { port: 0, dataDir, 'limits.drainGraceMs': 0, ...tls, ...scene.flags },
    }),
    log: makeLogger('silent'),
    parts: {
      engines: {
        stt: scriptedStt(realClock, scene.said ?? [{ partial: 'hello', text: 'hello there' }]),
        llm: scriptedLlm(realClock, (request) => {
          asked.push(request);
          return { firstTokenMs: 1, tokenMs: 1, text: 'There are two chairs.', ...scene.reply?.(request) };
        }),
        tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 10, ...scene.voice })),
      },
      vad: levelVad(),
    },
  });
  afterTest(() => server.close());
  // The certificate names localhost.
  const url = `${server.url.replace('http', 'ws').replace('127.0.0.1', 'localhost')}/v1/realtime`;
  return { server, asked, url, ...(made && { ca: made.ca }) };
}

type EventOf<Type extends RealtimeServerEvent['type']> = Extract<RealtimeServerEvent, { type: Type }>;

function dial(
  { url, ca }: RealtimeServer,
  { apiKey = 'no-key', reconnect = false }: { apiKey?: string | undefined; reconnect?: boolean } = {},
): OpenAIRealtimeWS {
  const openai = new OpenAI({ apiKey, baseURL: url.replace(/^wss(.*)\/realtime$/u, 'https$1') });
  const often = {
    reconnect,
    maxReconnectAttempts: 10_000,
    reconnectInitialDelay: 10,
    reconnectMaxDelay: 100,
  };
  const client = new OpenAIRealtimeWS({ model: 'gpt-realtime', options: { ca }, ...often }, openai);
  afterTest(() => client.close());
  return client;
}

/** The `openai` client, with all it received. */
export class RealtimeUser {
  readonly client: OpenAIRealtimeWS;
  readonly received: RealtimeServerEvent[] = [];
  readonly #awaiting = new Awaiting({
    story: () => this.received.map((event) => JSON.stringify(event).slice(0, 300)).join('\n'),
  });

  private constructor(client: OpenAIRealtimeWS) {
    this.client = client;
    client.on('event', (event) => {
      this.received.push(event);
      this.#awaiting.check();
    });
    client.on('error', () => {}); // its events are in `received`
  }

  /** A client whose session is created. */
  static async connect(server: RealtimeServer, apiKey?: string): Promise<RealtimeUser> {
    const user = new RealtimeUser(dial(server, { apiKey }));
    await user.next('session.created');
    return user;
  }

  /** A client that tries again until it has a session. */
  static reconnecting(server: RealtimeServer): RealtimeUser {
    return new RealtimeUser(dial(server, { reconnect: true }));
  }

  /** The error of a client that gets no session. */
  static refused(server: RealtimeServer): Promise<Error> {
    return new Promise((resolve) => dial(server).on('error', resolve));
  }

  send(event: RealtimeClientEvent): void {
    this.client.send(event);
  }

  /** A typed message, which is answered. */
  ask(text: string): void {
    this.send({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
    });
    this.send({ type: 'response.create' });
  }

  of<Type extends RealtimeServerEvent['type']>(type: Type): EventOf<Type>[] {
    return this.received.filter((event): event is EventOf<Type> => event.type === type);
  }

  /** The event of this type with this number, from 0; waits for it. */
  async next<Type extends RealtimeServerEvent['type']>(type: Type, number = 0): Promise<EventOf<Type>> {
    await this.until(() => this.of(type).length > number, `${type} ${number}`);
    const found = this.of(type)[number];
    if (!found) throw new Error('unreachable');
    return found;
  }

  /** Resolves as soon as `condition` holds; it is checked with every event. */
  until(condition: () => boolean, what = 'a condition'): Promise<void> {
    return this.#awaiting.until(condition, what);
  }

  /** Types of the events, without those of audio and text in pieces. */
  get types(): string[] {
    return this.received.map(({ type }) => type).filter((type) => !type.endsWith('.delta'));
  }
}

/** A tone that the level detector takes for speech, or silence; PCM16 at 24 kHz. */
export function sound(ms: number, loud: boolean): Buffer {
  const samples = Int16Array.from({ length: (ms * RATE) / 1_000 }, (_, i) =>
    loud ? Math.round(8_000 * Math.sin((2 * Math.PI * 300 * i) / RATE)) : 0,
  );
  return Buffer.from(samples.buffer);
}

/** Speaks into `append` in real time, 20 ms at once. */
export async function speakInto(append: (pcm: Buffer) => void, pcm: Buffer): Promise<void> {
  const step = (RATE / 50) * 2;
  const startMs = realClock.nowMs();
  for (let at = 0; at < pcm.byteLength; at += step) {
    append(pcm.subarray(at, at + step));
    const dueMs = startMs + (at / step + 1) * 20;
    await new Promise<void>((resolve) => realClock.setTimer(Math.max(0, dueMs - realClock.nowMs()), resolve));
  }
}
