/** The protocol between a source of speech and its output service: docs/how-to/http-chat.md. */
import { z } from 'zod';

export const INGEST_PATH = '/ws/ingest/tts';
/** Two seconds of audio at 24 kHz in base64. */
export const MAX_INGEST_CHARS = 131_072;

const sessionId = z.string().min(1).max(128);

/** Weights of mouth shapes by name, 0 to 1. */
const weights = z
  .record(z.string().max(16), z.number().min(0).max(1))
  .refine((shapes) => Object.keys(shapes).length <= 64, 'has too many shapes');

export const ingestMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('SPEECH_CHUNK'),
    sessionId,
    /** Counts the chunks of one speech from 0. */
    seq: z.int().min(0),
    /** PCM16LE, mono, in base64. */
    pcm: z.base64().max(MAX_INGEST_CHARS),
    viseme: weights.nullish(),
    /** When it was sent, ms since 1970. */
    ts: z.number().nullish(),
    /** Samples per second; an addition to the protocol. */
    rate: z.literal([16_000, 24_000]).default(24_000),
  }),
  z.object({
    type: z.literal('CONTROL'),
    action: z.enum(['END', 'STOP', 'STOP_ACK']),
    sessionId,
    /** With END: the speech was cut off, so what is not played yet should not be; an addition to the protocol. */
    reason: z.literal('interrupted').nullish(),
  }),
]);
export type IngestMessage = z.output<typeof ingestMessage>;
export type SpeechChunk = Extract<IngestMessage, { type: 'SPEECH_CHUNK' }>;

/** What a message is; undefined for one that is not of the protocol, with the reason in `why`. */
export function parseIngest(text: string): { message: IngestMessage } | { message?: undefined; why: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { why: 'invalid JSON' };
  }
  const parsed = ingestMessage.safeParse(json);
  if (parsed.success) return { message: parsed.data };
  return {
    why: parsed.error.issues
      .map(({ path, message }) => `${path.join('.') || 'message'}: ${message}`)
      .join('; '),
  };
}

/** Names of the 22 mouth shapes of SAPI 5, by their number. */
const SHAPES = [
  ...['SIL', 'AE', 'AA', 'AO', 'EH', 'ER', 'IY', 'UW', 'OW', 'AW', 'OY'],
  ...['AY', 'HH', 'R', 'L', 'S', 'SH', 'TH', 'F', 'T', 'K', 'M'],
];

/** The weights of one shape. */
export function weightsOf(viseme: number): Readonly<Record<string, number>> {
  return { [SHAPES[viseme] ?? 'SIL']: 1 };
}

/** The shape with the most weight whose name is known; undefined without one. */
export function shapeOf(shapes: Readonly<Record<string, number>>): number | undefined {
  const [name] = Object.entries(shapes).sort(([, one], [, other]) => other - one)[0] ?? [];
  const viseme = SHAPES.indexOf(name ?? '');
  return viseme < 0 ? undefined : viseme;
}
