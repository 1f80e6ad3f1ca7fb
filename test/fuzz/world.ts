import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { realClock } from '../../adapters/real-clock.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import type { Server } from '../../server/serve-options.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { UNHURRIED } from '../support/unhurried.ts';

const PATIENCE_MS = 15_000;
/** Everything comes from one address, and much faster than any client. */
const LIMITS = Object.fromEntries(
  [
    ...['connections-per-address', 'sessions', 'pending-connections', 'new-sessions', 'waiting-requests'],
    ...['messages-per-second', 'message-burst', 'turns-per-second', 'turn-burst', 'loop-delay-ms'],
  ].map((name) => [`limits.${name}`, 100_000]),
);

/** A message of a client: text, or audio. */
export type Frame = string | Uint8Array;

/** What was said over one WebSocket, until it was closed or the server had read everything. */
export interface Talk {
  readonly sent: readonly Frame[];
  readonly received: readonly Record<string, unknown>[];
  /** The server's close code, if it closed. */
  readonly closed: number | undefined;
}

/** A whole server with scripted engines, and a native session that types and listens all the time. */
export class FuzzedServer {
  readonly server: Server;
  readonly #bystander: VoiceClient;
  #turns = 0;
  readonly #unanswered: unknown[] = [];
  #over = false;
  readonly #loop: Promise<void>;

  private constructor(server: Server, bystander: VoiceClient) {
    this.server = server;
    this.#bystander = bystander;
    this.#loop = this.#talkOn();
  }

  static async start(dataDir: string): Promise<FuzzedServer> {
    const server = await serve({
      config: loadConfig({
        env: UNHURRIED,
        flags: {
          port: 0,
          dataDir,
          'limits.drainGraceMs': 0,
          'limits.awayMs': 1,
          'chat.idleMs': 100,
          'inspect.control': true,
          ...LIMITS,
        },
        // No configuration sets after which idle time a session of text ends.
        constants: true,
      }),
      log: makeLogger('silent'),
      parts: {
        engines: {
          stt: scriptedStt(realClock, [{ text: 'hello there' }]),
          llm: scriptedLlm(realClock, () => ({ firstTokenMs: 1, tokenMs: 1, text: 'There are two chairs.' })),
          tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 2 })),
        },
        vad: levelVad(),
      },
    });
    return new FuzzedServer(server, await VoiceClient.connect({ url: server.url }));
  }

  /** Ends the bystander. Returns its answered turns; throws if one was not answered, or it was disturbed. */
  async close(): Promise<number> {
    this.#over = true;
    await this.#loop;
    await this.#bystander.close();
    await this.server.close();
    if (this.#unanswered.length > 0) throw new Error(`the bystander got ${JSON.stringify(this.#unanswered)}`);
    return this.#turns;
  }

  /** Says these frames on a new WebSocket once `opening` is received, waits until the server has read them, and leaves. */
  async talk(
    path: string,
    protocol: string,
    sent: readonly Frame[],
    opening?: { readonly type: string; readonly after?: Frame },
  ): Promise<Talk> {
    const socket = new WebSocket(
      `${this.server.url.replace('http', 'ws')}${path}`,
      protocol ? [protocol] : [],
    );
    const received: Record<string, unknown>[] = [];
    const closed = once(socket, 'close').then(([code]: number[]) => code);
    let opened = () => {};
    const open = new Promise<void>((resolve) => {
      opened = resolve;
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary) return;
      const message = JSON.parse(String(data));
      received.push(message);
      if (message.type === opening?.type) opened();
    });
    await once(socket, 'open');
    const say = (frame: Frame) => socket.send(frame, { binary: typeof frame !== 'string' });
    if (opening?.after !== undefined) say(opening.after);
    if (opening) await Promise.race([closed, open]);
    for (const frame of sent) say(frame);
    if (socket.readyState === WebSocket.OPEN) socket.ping();
    // The answer to a ping comes when the server has read all before it.
    const code = await Promise.race([closed, once(socket, 'pong').then(() => undefined)]);
    if (code === undefined) socket.terminate();
    await closed;
    await this.left();
    return { sent, received, closed: code };
  }

  /** Resolves when all sessions but the bystander's have ended. */
  async left(): Promise<void> {
    const sinceMs = realClock.nowMs();
    while (this.server.stats().sessions > 1) {
      if (realClock.nowMs() - sinceMs > PATIENCE_MS)
        throw new Error(`${this.server.stats().sessions - 1} sessions are left over`);
      await nextTurn();
    }
  }

  async #talkOn(): Promise<void> {
    while (!this.#over) {
      const since = this.#bystander.arrivals.length;
      this.#bystander.send({ type: 'text', text: 'what is in the room' });
      const end = await this.#bystander.waitFor(({ type }) => type === 'reply.end' || type === 'error', {
        since,
        timeoutMs: PATIENCE_MS,
      });
      const { message } = end ?? {};
      if (message?.type !== 'reply.end' || message.reason !== 'completed') {
        this.#unanswered.push(message ?? 'no answer');
        return;
      }
      this.#turns += 1;
      this.#bystander.arrivals.length = 0;
    }
  }
}

/** Text messages made of these values, now and then one that is not JSON. */
export function lines(
  message: fc.Arbitrary<unknown>,
  more: fc.Arbitrary<Frame> = fc.string(),
): fc.Arbitrary<Frame[]> {
  const line = message.map((value) => JSON.stringify(value) ?? '');
  return fc.array(fc.oneof({ weight: 15, arbitrary: line }, { weight: 1, arbitrary: more }), {
    maxLength: 20,
  });
}
