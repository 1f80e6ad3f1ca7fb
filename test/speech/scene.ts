/** A server whose speech model is another whole server's Realtime door, and a native client in front of it. */

import type { LlmRequest } from '../../actors/ports/llm.ts';
import { realClock } from '../../adapters/real-clock.ts';
import type { ActionHandler } from '../../clients/typescript/src/actions.ts';
import type { Heard } from '../../clients/typescript/src/messages.ts';
import { ParleyClient } from '../../clients/typescript/src/node/mod.ts';
import { PIPELINE_RATE } from '../../machines/audio.ts';
import type { Tool } from '../../machines/wire.ts';
import { loadConfig } from '../../server/config/load.ts';
import { makeLogger } from '../../server/log.ts';
import { serve } from '../../server/serve.ts';
import type { Server } from '../../server/serve-options.ts';
import { Awaiting } from '../../testing/loopback/awaiting.ts';
import { levelVad, scriptedLlm, scriptedStt, scriptedTts } from '../../testing/scripted-engines.ts';
import { type RealtimeServer, type Scene, startServer } from '../realtime/scene.ts';
import { afterTest, temporaryFolder } from '../support/after-test.ts';
import { UNHURRIED } from '../support/unhurried.ts';

/** What the session's own engines say, which answer while the model cannot. */
export const OWN_WORDS = 'my own ears heard this';
export const OWN_REPLY = 'This is my own voice.';

export interface SpeechScene {
  /** The model. */
  readonly model?: Scene;
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly tools?: readonly Tool[];
  /** What the client does with each action, by name. */
  readonly actions?: Readonly<Record<string, ActionHandler>>;
}

export class Caller {
  readonly client: ParleyClient;
  readonly received: Heard[] = [];
  readonly #awaiting = new Awaiting({
    story: () => this.received.map((message) => JSON.stringify(message).slice(0, 200)).join('\n'),
  });

  constructor(url: string) {
    this.client = new ParleyClient({ url });
    this.client.on('message', (message) => {
      this.received.push(message);
      this.#awaiting.check();
    });
  }

  of<Type extends Heard['type']>(type: Type): Extract<Heard, { type: Type }>[] {
    return this.received.filter((one): one is Extract<Heard, { type: Type }> => one.type === type);
  }

  until(condition: () => boolean, what: string): Promise<void> {
    return this.#awaiting.until(condition, what);
  }

  /** The end of the reply with this number, from 0. */
  async reply(number: number): Promise<Extract<Heard, { type: 'reply.end' }>> {
    await this.until(() => this.of('reply.end').length > number, `reply.end ${number}`);
    const end = this.of('reply.end')[number];
    if (!end) throw new Error('unreachable');
    return end;
  }

  /** A tone that the level detector takes for speech, then silence. */
  async talk(ms: number, silenceMs = 1_200): Promise<void> {
    const samples = Int16Array.from({ length: (ms * PIPELINE_RATE) / 1_000 }, (_, i) =>
      Math.round(8_000 * Math.sin((2 * Math.PI * 300 * i) / PIPELINE_RATE)),
    );
    await this.client.speak(samples, { silenceMs });
  }
}

export interface SpeechSetting {
  readonly model: RealtimeServer;
  readonly server: Server;
  readonly caller: Caller;
  /** What the session's own language engine was asked. */
  readonly ownAsked: LlmRequest[];
  /** Of the model at the start: `warmed`, or `notWarmed` and the error's code. */
  readonly warmed: readonly string[];
}

/** The server with this address of a Realtime API as its speech model. */
export async function serverWith(
  baseURL: string,
  flags: SpeechScene['flags'] = {},
): Promise<Omit<SpeechSetting, 'model'>> {
  const ownAsked: LlmRequest[] = [];
  const warmed: string[] = [];
  const server = await serve({
    onEngineEvent(event) {
      if (event.type === 'warmed') warmed.push(`${event.engine} warmed`);
      if (event.type === 'notWarmed') warmed.push(`${event.engine} notWarmed ${event.error.code}`);
    },
    config: loadConfig({
      env: UNHURRIED,
      flags: {
        ...{ port: 0, dataDir: await temporaryFolder(), 'limits.drainGraceMs': 0 },
        ...{ 'engines.speech': 'openai-realtime', 'speech.openai-realtime.baseURL': baseURL },
        ...flags,
      },
      // No configuration sets how long the model's words may take.
      constants: true,
    }),
    log: makeLogger('silent'),
    parts: {
      engines: {
        stt: scriptedStt(realClock, [{ text: OWN_WORDS }]),
        llm: scriptedLlm(realClock, (request) => {
          ownAsked.push(request);
          return { firstTokenMs: 1, tokenMs: 1, text: OWN_REPLY };
        }),
        tts: scriptedTts(realClock, () => ({ firstByteMs: 1, msPerChar: 10 })),
      },
      vad: levelVad(),
    },
  });
  afterTest(() => server.close());
  const caller = new Caller(server.url);
  afterTest(() => caller.client.close());
  return { server, caller, ownAsked, warmed };
}

export async function meet({
  model: scene,
  flags,
  tools,
  actions = {},
}: SpeechScene = {}): Promise<SpeechSetting> {
  const model = await startServer(scene);
  const made = await serverWith(model.url.replace(/^ws(.*)\/realtime$/u, 'http$1'), flags);
  if (tools) made.caller.client.settings({ tools: [...tools] });
  for (const [name, act] of Object.entries(actions)) made.caller.client.onAction(name, act);
  await made.caller.client.connect();
  return { ...made, model };
}
