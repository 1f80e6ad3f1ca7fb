import type { HttpStep } from './http-script.ts';

/** A tool call of the model, as `chatReply` sends it. */
export interface ScriptedToolCall {
  readonly id?: string;
  readonly name: string;
  /** JSON text, sent unchanged, valid or not. */
  readonly arguments: string;
}

export interface ChatReplyOptions {
  /** ms before the first chunk; 0 by default. */
  readonly firstMs?: number;
  /** ms between chunks; 0 by default. */
  readonly perTokenMs?: number;
  readonly toolCalls?: readonly ScriptedToolCall[];
  /**
   * `pieces` (OpenAI): name first, arguments in pieces. `whole` (Ollama and others): one chunk per call. Default
   * `pieces`.
   */
  readonly toolCallStyle?: 'pieces' | 'whole';
  /** `null`: no chunk carries a finish reason. Default `stop`, or `tool_calls`. */
  readonly finishReason?: string | null;
  /** Whether a chunk with `usage` and no choices follows; false by default. */
  readonly usage?: boolean;
  /** Whether `[DONE]` ends the stream; true by default. */
  readonly done?: boolean;
}

const SSE_HEAD: HttpStep = { do: 'head', status: 200, headers: { 'content-type': 'text/event-stream' } };

/** One server-sent event. */
export function sse(data: unknown): HttpStep {
  return { do: 'send', bytes: `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n` };
}

/** One chunk of a chat completion with this `delta`. */
export function chatChunk(delta: unknown, finishReason: string | null = null): HttpStep {
  return sse({
    id: 'chatcmpl-loopback',
    object: 'chat.completion.chunk',
    created: 0,
    model: 'loopback',
    choices: [{ index: 0, delta, finish_reason: finishReason }],
  });
}

/** A chat completion streamed as server-sent events: one chunk per entry of `tokens`. */
export function chatReply(tokens: readonly string[], options: ChatReplyOptions = {}): HttpStep[] {
  const calls = options.toolCalls ?? [];
  const chunks: HttpStep[] = [
    chatChunk({ role: 'assistant', content: '' }),
    ...tokens.map((content) => chatChunk({ content })),
    ...calls.flatMap((call, index) =>
      options.toolCallStyle === 'whole' ? wholeCall(call) : callInPieces(call, index),
    ),
  ];
  const reason =
    options.finishReason === undefined ? (calls.length ? 'tool_calls' : 'stop') : options.finishReason;
  if (reason !== null) chunks.push(chatChunk({}, reason));
  if (options.usage) {
    chunks.push(
      sse({
        object: 'chat.completion.chunk',
        choices: [],
        usage: {
          prompt_tokens: 5,
          completion_tokens: 2,
          total_tokens: 7,
          prompt_tokens_details: { cached_tokens: 4 },
        },
      }),
    );
  }
  if (options.done ?? true) chunks.push(sse('[DONE]'));
  const paced = chunks.flatMap((chunk, i): HttpStep[] => {
    const ms = i === 0 ? (options.firstMs ?? 0) : (options.perTokenMs ?? 0);
    return ms > 0 ? [{ do: 'wait', ms }, chunk] : [chunk];
  });
  return [SSE_HEAD, ...paced, { do: 'end' }];
}

function callInPieces(call: ScriptedToolCall, index: number): HttpStep[] {
  const id = call.id ?? `call_${index}`;
  const middle = Math.ceil(call.arguments.length / 2);
  const piece = (delta: object) => chatChunk({ tool_calls: [{ index, ...delta }] });
  return [
    piece({ id, type: 'function', function: { name: call.name, arguments: '' } }),
    piece({ function: { arguments: call.arguments.slice(0, middle) } }),
    piece({ function: { arguments: call.arguments.slice(middle) } }),
  ];
}

function wholeCall(call: ScriptedToolCall): HttpStep[] {
  const id = call.id === undefined ? {} : { id: call.id };
  return [
    chatChunk({
      content: null,
      tool_calls: [{ ...id, type: 'function', function: { name: call.name, arguments: call.arguments } }],
    }),
  ];
}

/** A transcription as one JSON object. */
export function transcriptReply(text: string, options: { firstMs?: number } = {}): HttpStep[] {
  return [
    ...wait(options.firstMs),
    { do: 'head', status: 200, headers: { 'content-type': 'application/json' } },
    { do: 'send', bytes: JSON.stringify({ text }) },
    { do: 'end' },
  ];
}

/** A streamed transcription: `pieces` one by one, then the whole text. */
export function transcriptStream(
  pieces: readonly string[],
  options: { firstMs?: number; done?: boolean } = {},
): HttpStep[] {
  const text = pieces.join('');
  return [
    ...wait(options.firstMs),
    SSE_HEAD,
    ...pieces.map((delta) => sse({ type: 'transcript.text.delta', delta })),
    ...((options.done ?? true) ? [sse({ type: 'transcript.text.done', text }), sse('[DONE]')] : []),
    { do: 'end' },
  ];
}

export interface SpeechReplyOptions {
  /** ms before the first byte; 0 by default. */
  readonly firstMs?: number;
  /** ms between pieces; 0 by default. */
  readonly perChunkMs?: number;
  /** Bytes per piece. An odd number splits samples between pieces. Default 4800 (100 ms at 24 kHz). */
  readonly chunkBytes?: number;
  readonly contentType?: string;
}

/** Raw PCM16LE, streamed. */
export function speechReply(samples: Int16Array, options: SpeechReplyOptions = {}): HttpStep[] {
  return speechBytes(new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), options);
}

/** Any bytes, streamed as speech. */
export function speechBytes(bytes: Uint8Array, options: SpeechReplyOptions = {}): HttpStep[] {
  const chunkBytes = options.chunkBytes ?? 4_800;
  const steps: HttpStep[] = [
    ...wait(options.firstMs),
    { do: 'head', status: 200, headers: { 'content-type': options.contentType ?? 'audio/pcm' } },
  ];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    if (at > 0) steps.push(...wait(options.perChunkMs));
    steps.push({ do: 'send', bytes: bytes.subarray(at, at + chunkBytes) });
  }
  return [...steps, { do: 'end' }];
}

function wait(ms: number | undefined): HttpStep[] {
  return ms ? [{ do: 'wait', ms }] : [];
}

/** `ms` of a sine at half of full scale: audio that a test can recognise. */
export function toneSamples(ms: number, rate: number, frequency = 440): Int16Array {
  return Int16Array.from({ length: Math.round((ms * rate) / 1_000) }, (_, i) =>
    Math.round(16_384 * Math.sin((2 * Math.PI * frequency * i) / rate)),
  );
}
