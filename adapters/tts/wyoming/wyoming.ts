import { z } from 'zod';
import type { TtsEngine, TtsEvent, TtsRequest } from '../../../actors/ports/tts.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { type WyomingConnection, type WyomingOptions, WyomingServer } from '../../wyoming/server.ts';
import { pcmOfWidth, SampleReader } from '../received/samples.ts';

export interface WyomingTtsOptions extends WyomingOptions {
  /** Default voice; without one, the server chooses by the language. */
  readonly voice?: string;
  /** Of a voice with several speakers. */
  readonly speaker?: string;
}

/** 20 minutes at 24 kHz, far more than any segment. */
const MAX_BYTES = 64 << 20;

const format = z.object({
  rate: z.int().min(4_000).max(192_000),
  width: z.int().min(1).max(4),
  channels: z.int().min(1),
});
type Format = z.output<typeof format>;

/**
 * Speech synthesis by a server of the Wyoming protocol. Text without a letter or digit is not sent. Errors: TTS_FAILED (the
 * server reports one, or sends no audio), ENGINE_REQUEST (it has no voice), ENGINE_UNREACHABLE, ENGINE_PROTOCOL.
 */
export function wyomingTts(options: WyomingTtsOptions): TtsEngine {
  const server = new WyomingServer(options, 'tts');
  return {
    name: server.name,
    warm: () => server.warm(),
    close: () => server.close(),
    synthesize: (request, signal) =>
      server.stream(signal, (connection, { supports_synthesize_streaming, voices }) => {
        requireVoice(request.voice, voices ?? []);
        return speak(connection, request, options, supports_synthesize_streaming === true);
      }),
  };
}

async function* speak(
  connection: WyomingConnection,
  request: TtsRequest,
  options: WyomingTtsOptions,
  streams: boolean,
): AsyncGenerator<TtsEvent> {
  const { text } = request;
  if (!/[\p{L}\p{N}]/u.test(text)) return;
  const voice = voiceOf(request, options);
  if (streams) {
    await connection.send('synthesize-start', { voice });
    await connection.send('synthesize-chunk', { text });
    await connection.send('synthesize-stop');
  } else await connection.send('synthesize', { text, voice });
  let bytes = 0;
  let reading: (Format & { readonly reader: SampleReader }) | undefined;
  for (;;) {
    const { type, data, payload } = await connection.next('audio-chunk', 'audio-stop', 'synthesize-stopped');
    // A server that streams speaks sentence by sentence.
    if (type === 'audio-stop' && streams) continue;
    if (type !== 'audio-chunk') break;
    const said = format.parse(data);
    if (!isSame(said, reading)) reading = { ...said, reader: readerOf(said) };
    bytes += payload.byteLength;
    if (bytes > MAX_BYTES)
      throw new ParleyError('ENGINE_PROTOCOL', `the audio is longer than ${MAX_BYTES} bytes`);
    const samples = reading?.reader.push(payload);
    if (samples && samples.length > 0) yield { type: 'audio', pcm: { rate: said.rate, samples } };
  }
  if (bytes === 0) throw new ParleyError('TTS_FAILED', 'the server sent no audio');
}

/** A server that gets the name of a voice that it does not have may close the connection, or never answer. */
function requireVoice(voice: string | undefined, voices: readonly { readonly name: string }[]): void {
  if (voice === undefined || voices.length === 0 || voices.some(({ name }) => name === voice)) return;
  throw new ParleyError('ENGINE_REQUEST', `the server has no voice ${voice}`);
}

function voiceOf({ voice, language }: TtsRequest, options: WyomingTtsOptions): object {
  const name = voice ?? options.voice;
  if (name === undefined) return { language };
  return { name, ...(options.speaker !== undefined && { speaker: options.speaker }) };
}

function isSame(one: Format, other: Format | undefined): boolean {
  return one.rate === other?.rate && one.width === other.width && one.channels === other.channels;
}

function readerOf({ rate, width, channels }: Format): SampleReader {
  return new SampleReader({ rate, channels, encoding: pcmOfWidth(width) ?? 's16' });
}
