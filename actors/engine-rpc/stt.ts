import { z } from 'zod';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import type { Clock, LoopClock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { REJECTION_REASONS } from '../../machines/wire.ts';
import type { Bus } from '../ports/bus.ts';
import type { SttEngine, SttEvent, SttRequest } from '../ports/stt.ts';
import type { Call } from './call.ts';
import { callEngine } from './client.ts';
import { type EngineHost, hostEngine } from './host.ts';
import { type WorkOptions, workOptions } from './options.ts';
import { pcmPieces } from './pcm.ts';
import { audioPieceBytes, jsonBytes, NO_PAYLOAD, parseJson, type RpcScope } from './protocol.ts';

const Request: z.ZodType<SttRequest> = z.object({
  language: z.string(),
  expected: z
    .object({
      entries: z.array(z.string()),
      answers: z.array(z.string()),
      sentences: z.array(z.string()),
    })
    .exactOptional(),
});

const Event: z.ZodType<SttEvent> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('partial'),
    text: z.string(),
    language: z.string().exactOptional(),
    end: z.enum(['awaited', 'reached']).exactOptional(),
  }),
  z.object({
    type: z.literal('final'),
    text: z.string(),
    confidence: z.number().min(0).max(1).exactOptional(),
    language: z.string().exactOptional(),
    rejected: z
      .object({
        nearest: z.string(),
        confidence: z.number().min(0).max(1),
        reason: z.enum(REJECTION_REASONS),
      })
      .exactOptional(),
    words: z
      .array(z.object({ text: z.string(), startMs: z.number(), endMs: z.number() }))
      .readonly()
      .exactOptional(),
  }),
]);

/** Serves a recogniser on the bus as `name`. */
export function hostStt(
  bus: Bus,
  clock: LoopClock,
  engine: SttEngine,
  options?: Partial<WorkOptions>,
  name = engine.name,
): EngineHost {
  return hostEngine<SttEvent>(
    bus,
    clock,
    {
      kind: 'stt',
      name,
      prepare: (payload) => {
        const request = parseJson(Request, payload);
        return (audio, signal) => engine.transcribe(audio, request, signal);
      },
      send: (event, job) => job.data(jsonBytes(event)),
    },
    options,
  );
}

/**
 * Returns a client of the recogniser `name` on the bus. Cheap to make: one per utterance. It does not read `audio`
 * before a worker accepts; until then the source keeps the speech, so nothing is lost.
 *
 * Gotcha: a session's cancel reaches requests of its generation and older, so an utterance carries the generation of
 * the reply that it will lead to, not of the one it interrupts.
 */
export function remoteStt(
  bus: Bus,
  clock: Clock,
  name: string,
  scope: RpcScope,
  options?: Partial<WorkOptions>,
): SttEngine {
  return {
    name,
    transcribe: (audio, request, signal) => {
      const source = audio[Symbol.asyncIterator]();
      return callEngine<SttEvent>(
        bus,
        clock,
        workOptions(options),
        {
          kind: 'stt',
          name,
          scope,
          payload: jsonBytes(request),
          decode: (message) => parseJson(Event, message.payload),
          onAccepted: (call) => void sendAudio(call, source, audioPieceBytes(bus.maxPayload)),
          // The source may wait for speech that never arrives.
          onOver: () => void source.return?.().catch(() => {}),
        },
        signal,
      );
    },
    close: async () => {},
  };
}

async function sendAudio(
  call: Call<SttEvent>,
  source: AsyncIterator<Pcm<PipelineRate>>,
  pieceBytes: number,
): Promise<void> {
  try {
    for (let next = await source.next(); !next.done && !call.over; next = await source.next()) {
      const { rate, samples } = next.value;
      if (rate !== PIPELINE_RATE) throw new ParleyError('INTERNAL', `audio at ${rate} Hz for recognition`);
      for (const piece of pcmPieces(samples, pieceBytes)) call.sendInOrder('audio', piece);
    }
    call.sendInOrder('finish', NO_PAYLOAD);
  } catch (error) {
    call.fail(
      error instanceof ParleyError
        ? error
        : new ParleyError('STT_FAILED', 'reading the input audio failed', { cause: error }),
    );
  }
}
