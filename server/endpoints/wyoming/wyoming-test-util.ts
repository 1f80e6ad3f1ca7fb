import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LlmRequest } from '../../../actors/ports/llm.ts';
import type { TtsRequest } from '../../../actors/ports/tts.ts';
import { realClock } from '../../../adapters/real-clock.ts';
import { defaultParameters } from '../../../machines/parameters.ts';
import { afterTest } from '../../../test/support/after-test.ts';
import { WyomingPeer } from '../../../testing/loopback/mod.ts';
import {
  type LlmScript,
  type SttScript,
  scriptedLlm,
  scriptedStt,
  scriptedTts,
  type TtsScript,
} from '../../../testing/scripted-engines.ts';
import { startRig } from '../../door/door-test-util.ts';
import { wyomingOptions } from './options.ts';
import type { WyomingParts } from './parts.ts';

export interface Scene {
  readonly options?: object;
  readonly said?: readonly SttScript[];
  readonly reply?: (request: LlmRequest) => LlmScript;
  readonly voice?: (request: TtsRequest) => TtsScript;
  readonly rig?: Parameters<typeof startRig>[0];
}

/** A door with the Wyoming protocol on a free port, scripted engines behind its services, and a scripted host. */
export async function startWyoming({ options = { port: 0 }, said, reply, voice, rig: more }: Scene = {}) {
  const lines: { readonly url?: string }[] = [];
  const log = {
    info: (line: object) => void lines.push(line),
    warn: (line: object) => void lines.push(line),
  };
  const stt = scriptedStt(realClock, said ?? [{ text: 'hello', finalMs: 1 }]);
  const llm = scriptedLlm(realClock, (request) => ({ firstTokenMs: 0, tokenMs: 0, ...reply?.(request) }));
  const tts = scriptedTts(realClock, (request) => ({ firstByteMs: 0, msPerChar: 10, ...voice?.(request) }));
  const known = {
    version: '1.0.0',
    voice: 'tone',
    languages: ['en', 'de'],
    dialogLanguages: ['en'],
    hasActions: true,
  };
  const offered = (name: string) => [{ name, summary: `The engine ${name}` }];
  const wyoming: WyomingParts = {
    options: wyomingOptions.parse(options),
    engines: { stt: () => stt, llm: () => llm, tts: () => tts },
    offer: { ...known, stt: offered('ears'), llm: offered('mind'), tts: offered('mouth') },
    ...{
      language: 'en',
      voice: undefined,
      reply: defaultParameters.reply,
      reading: defaultParameters.reading,
    },
  };
  const rig = await startRig({ ...more, wyoming, log });
  const url = lines.find((line) => line.url?.startsWith('tcp:'))?.url;
  return {
    rig,
    log: lines,
    url: url ?? '',
    connect: async () => {
      const peer = await WyomingPeer.connect(Number(new URL(url ?? '').port));
      afterTest(() => peer.socket.destroy());
      return peer;
    },
  };
}

export const FORMAT = { rate: 16_000, width: 2, channels: 1 };
/** A second of silence. */
export const SECOND = Buffer.alloc(32_000);

/** Lets both ends see what the other did to the connection. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await nextTurn();
}
