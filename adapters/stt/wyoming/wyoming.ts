import { z } from 'zod';
import type { SttEngine, SttEvent, SttRequest } from '../../../actors/ports/stt.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate, samplesInMs } from '../../../machines/audio.ts';
import { type WyomingConnection, type WyomingOptions, WyomingServer } from '../../wyoming/server.ts';

export interface WyomingSttOptions extends WyomingOptions {
  /** Whether the server streams transcripts while the user speaks. Default false. */
  readonly partials?: boolean;
  /** The server's default if absent. */
  readonly model?: string;
}

const FORMAT = { rate: PIPELINE_RATE, width: 2, channels: 1 };
/** Samples of one event: a second, far below what a server may refuse as too large. */
const CHUNK = samplesInMs(1_000, PIPELINE_RATE);

const transcript = z.object({ text: z.string(), language: z.string().min(1).nullish() });
const piece = z.object({ text: z.string() });

/**
 * Speech recognition by a server of the Wyoming protocol. The audio is sent as it arrives; servers that stream transcripts give
 * partial texts. Errors: STT_FAILED (the server reports one), ENGINE_REQUEST (it has no recogniser), ENGINE_UNREACHABLE, ENGINE_PROTOCOL.
 */
export function wyomingStt(options: WyomingSttOptions): SttEngine {
  const server = new WyomingServer(options, 'asr');
  return {
    name: server.name,
    tellsPartials: options.partials === true,
    warm: () => server.warm(),
    close: () => server.close(),
    transcribe: (audio, request, signal) =>
      server.stream(signal, (connection) => transcribe(connection, audio, request, options)),
  };
}

async function* transcribe(
  connection: WyomingConnection,
  audio: AsyncIterable<Pcm<PipelineRate>>,
  { language }: SttRequest,
  { model }: WyomingSttOptions,
): AsyncGenerator<SttEvent> {
  const source = audio[Symbol.asyncIterator]();
  try {
    await connection.send('transcribe', { language, ...(model !== undefined && { name: model }) });
    await connection.send('audio-start', FORMAT);
    yield* textOf(connection, sendAudio(connection, source));
  } finally {
    // Not awaited, because it may hang.
    source.return?.().catch(() => {});
  }
}

/** The server's answer, unless `sending` fails before. */
async function* textOf(connection: WyomingConnection, sending: Promise<void>): AsyncGenerator<SttEvent> {
  const broken = sending.then(() => new Promise<never>(() => {}));
  let text = '';
  for (;;) {
    const next = connection.next('transcript', 'transcript-chunk', 'transcript-start', 'transcript-stop');
    const { type, data } = await Promise.race([next, broken]);
    if (type === 'transcript-start') text = '';
    else if (type === 'transcript-chunk') {
      text += piece.parse(data).text;
      yield { type: 'partial', text: text.trim() };
    } else {
      // A server that streams may leave out the whole transcript.
      const whole = type === 'transcript' ? transcript.parse(data) : { text };
      yield {
        type: 'final',
        text: whole.text.trim(),
        ...(whole.language ? { language: whole.language } : {}),
      };
      return;
    }
  }
}

async function sendAudio(
  connection: WyomingConnection,
  source: AsyncIterator<Pcm<PipelineRate>>,
): Promise<void> {
  for (;;) {
    const { done, value } = await source.next();
    if (done) break;
    for (let at = 0; at < value.samples.length; at += CHUNK) {
      const { buffer, byteOffset, byteLength } = value.samples.subarray(at, at + CHUNK);
      await connection.send('audio-chunk', FORMAT, new Uint8Array(buffer, byteOffset, byteLength));
    }
  }
  await connection.send('audio-stop');
}
