import { z } from 'zod';
import type { SttEngine, SttEvent, SttRequest } from '../../../actors/ports/stt.ts';
import {
  joinedSamples,
  type Pcm,
  PIPELINE_RATE,
  type PipelineRate,
  samplesInMs,
} from '../../../machines/audio.ts';
import { type WyomingConnection, type WyomingOptions, WyomingServer } from '../../wyoming/server.ts';
import { guarded } from '../guard/invented.ts';
import { Sound } from '../guard/sound.ts';
import { withoutSilence } from '../silence.ts';
import { languageTag, plainTranscript } from '../transcript-text.ts';

export interface WyomingSttOptions extends WyomingOptions {
  /** Whether the server streams transcripts while the user speaks. Default false: it gets the audio at the end. */
  readonly partials?: boolean;
  /** The server's default if absent. */
  readonly model?: string;
}

const FORMAT = { rate: PIPELINE_RATE, width: 2, channels: 1 };
/** Samples of one event: a second, far below what a server may refuse as too large. */
const CHUNK = samplesInMs(1_000, PIPELINE_RATE);

const transcript = z.object({ text: z.string().nullish(), language: z.string().nullish() });
const piece = z.object({ text: z.string().nullish() });

/**
 * Speech recognition by a server of the Wyoming protocol. Servers that stream transcripts get the audio
 * as it arrives and give partial texts; others get it at the end, without the silence around it. Errors: STT_FAILED (the server reports one), ENGINE_REQUEST (it has no recogniser), ENGINE_UNREACHABLE, ENGINE_PROTOCOL.
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
  { model, partials = false }: WyomingSttOptions,
): AsyncGenerator<SttEvent> {
  const source = audio[Symbol.asyncIterator]();
  try {
    await connection.send('transcribe', { language, ...(model !== undefined && { name: model }) });
    await connection.send('audio-start', FORMAT);
    const sound = new Sound();
    const sending = sendAudio(connection, source, !partials, sound);
    yield* textOf(connection, sending, { language, sound });
  } finally {
    // Not awaited, because it may hang.
    source.return?.().catch(() => {});
  }
}

/** The server's answer, unless `sending` fails before. */
async function* textOf(
  connection: WyomingConnection,
  sending: Promise<void>,
  { language, sound }: { readonly language: string; readonly sound: Sound },
): AsyncGenerator<SttEvent> {
  const broken = sending.then(() => new Promise<never>(() => {}));
  let text = '';
  for (;;) {
    const next = connection.next('transcript', 'transcript-chunk', 'transcript-start', 'transcript-stop');
    const { type, data } = await Promise.race([next, broken]);
    if (type === 'transcript-start') text = '';
    else if (type === 'transcript-chunk') {
      text += piece.parse(data).text ?? '';
      yield { type: 'partial', text: text.trim() };
    } else {
      // A server that streams may leave out the whole transcript.
      const whole = type === 'transcript' ? transcript.parse(data) : { text, language: undefined };
      const read = plainTranscript(whole.text ?? '');
      const said = languageTag(whole.language ?? '') ?? read.language;
      const final = {
        type: 'final' as const,
        text: read.text,
        ...(said !== undefined && { language: said }),
      };
      yield guarded(final, { language, sound });
      return;
    }
  }
}

/** `whole`: all of it at the end, as the server does not listen before. */
async function sendAudio(
  connection: WyomingConnection,
  source: AsyncIterator<Pcm<PipelineRate>>,
  whole: boolean,
  sound: Sound,
): Promise<void> {
  const held: Int16Array[] = [];
  for (;;) {
    const { done, value } = await source.next();
    if (done) break;
    sound.push(value.samples);
    if (whole) held.push(value.samples.slice());
    else await sendSamples(connection, value.samples);
  }
  await sendSamples(connection, withoutSilence(joinedSamples(held)).samples);
  await connection.send('audio-stop');
}

async function sendSamples(connection: WyomingConnection, samples: Int16Array): Promise<void> {
  for (let at = 0; at < samples.length; at += CHUNK) {
    const { buffer, byteOffset, byteLength } = samples.subarray(at, at + CHUNK);
    await connection.send('audio-chunk', FORMAT, new Uint8Array(buffer, byteOffset, byteLength));
  }
}
