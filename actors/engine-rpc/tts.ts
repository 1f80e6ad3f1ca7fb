import { z } from 'zod';
import type { Clock, LoopClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { Bus, BusMessage } from '../ports/bus.ts';
import type { TtsEngine, TtsEvent, TtsRequest } from '../ports/tts.ts';
import { callEngine } from './client.ts';
import { gatheredSpeech } from './gathered-speech.ts';
import { type EngineHost, hostEngine } from './host.ts';
import { type WorkOptions, workOptions } from './options.ts';
import { pcmPieces, pcmSamples } from './pcm.ts';
import { audioPieceBytes, jsonBytes, numberIn, parseJson, type RpcScope } from './protocol.ts';

const Request: z.ZodType<TtsRequest> = z.object({
  text: z.string(),
  language: z.string(),
  voice: z.string().exactOptional(),
  cachedOnly: z.literal(true).exactOptional(),
});

const Count = z.int().min(0);
const Mark: z.ZodType<TtsEvent> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('word'), sample: Count, offset: Count, length: Count }),
  z.object({ type: z.literal('phoneme'), sample: Count, phoneme: z.string(), viseme: Count.max(21) }),
]);

/** Serves a speech engine on the bus as `name`. Sends audio as bytes in pieces of at most 32 KiB, with the rate in a header. */
export function hostTts(
  bus: Bus,
  clock: LoopClock,
  engine: TtsEngine,
  options?: Partial<WorkOptions>,
  name = engine.name,
): EngineHost {
  return hostEngine<TtsEvent>(
    bus,
    clock,
    {
      kind: 'tts',
      name,
      prepare: (payload) => {
        const { cachedOnly, ...request } = parseJson(Request, payload);
        return (_audio, signal) =>
          cachedOnly && !engine.cached?.(request)
            ? nothing()
            : gatheredSpeech(engine.synthesize(request, signal), clock);
      },
      send: (event, job) => {
        if (event.type !== 'audio') {
          job.data(jsonBytes(event));
          return;
        }
        const headers = { rate: String(event.pcm.rate) };
        for (const piece of pcmPieces(event.pcm.samples, audioPieceBytes(bus.maxPayload))) {
          job.data(piece, headers);
        }
      },
    },
    options,
  );
}

/** Returns a client of the speech engine `name` on the bus. Cheap to make: one per reply. */
export function remoteTts(
  bus: Bus,
  clock: Clock,
  name: string,
  scope: RpcScope,
  options?: Partial<WorkOptions>,
): TtsEngine {
  return {
    name,
    synthesize: (request, signal) =>
      callEngine<TtsEvent>(
        bus,
        clock,
        workOptions(options),
        { kind: 'tts', name, scope, payload: jsonBytes(request), decode },
        signal,
      ),
    close: async () => {},
  };
}

async function* nothing(): AsyncGenerator<never> {}

function decode(message: BusMessage): TtsEvent {
  if (message.headers.rate === undefined) return parseJson(Mark, message.payload);
  const rate = numberIn(message, 'rate');
  if (!rate) throw new ParleyError('ENGINE_PROTOCOL', `invalid audio rate: ${message.headers.rate} Hz`);
  return { type: 'audio', pcm: { rate, samples: pcmSamples(message.payload) } };
}
