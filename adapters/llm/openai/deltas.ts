import { ParleyError } from '../../../machines/errors.ts';
import type { Body } from '../../http/body.ts';
import { eventData } from '../../http/sse.ts';
import type { TokenStats } from '../../http/transport.ts';
import { realClock } from '../../real-clock.ts';
import { type ChatDelta, parseChunk, parseWhole } from './chunk.ts';

/** After the finish, more is read only as long as it arrives without a pause of this length: usage, and the end marker. */
const AFTER_FINISH_MS = 100;
/** Time in which the rest of a complete answer may still arrive, so that its connection is kept. */
const DRAIN_MS = 1_000;

/** `next`, or undefined if it takes longer than `ms`. */
export async function within<T>(next: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: { cancel(): void } | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = realClock.setTimer(ms, () => resolve(undefined));
  });
  try {
    return await Promise.race([next, late]);
  } finally {
    timer?.cancel();
  }
}

/**
 * The chunks of one answer, whether it is streamed or not, and whatever its content type says. It ends with the answer: at the end
 * marker, shortly after a finish, or at the end of the body. Only a connection that breaks before that is an error. Usage is
 * reported once, to `onUsage`, with the last numbers of the server.
 */
export async function* chatDeltas(
  body: Body,
  maxEventChars: number,
  onUsage: (usage: TokenStats) => void,
): AsyncGenerator<ChatDelta, void, void> {
  let usage: TokenStats | undefined;
  let drains = false;
  const pieces = await sniffed(body);
  try {
    if (pieces.isJson) {
      const delta = parseWhole(await wholeJson(pieces, body));
      usage = delta.usage;
      yield delta;
      return;
    }
    const events = eventData(pieces, maxEventChars);
    let isFinished = false;
    let isEmpty = true;
    for (;;) {
      const next = events.next();
      const event = isFinished ? await within(next.catch(ended), AFTER_FINISH_MS) : await next;
      if (event === undefined) {
        drains = true;
        void drain(next, events, body, (later) => onUsage(later ?? usage ?? NONE));
        return;
      }
      if (event.done) {
        if (isEmpty) throw new ParleyError('ENGINE_PROTOCOL', 'the answer is empty');
        return;
      }
      if (isEndMarker(event.value)) {
        body.release(DRAIN_MS);
        return;
      }
      const delta = parseChunk(JSON.parse(event.value));
      usage = delta.usage ?? usage;
      isFinished ||= delta.finish !== undefined;
      isEmpty = false;
      yield delta;
    }
  } finally {
    if (usage && !drains) onUsage(usage);
  }
}

const NONE: TokenStats = { input: 0, cached: 0, output: 0 };

const ended = () => ({ done: true, value: undefined }) as const;

function isEndMarker(data: string): boolean {
  return data.trimStart().startsWith('[DONE]');
}

/** Reads what follows a complete answer, for its usage and so that the connection can be used again. */
async function drain(
  pending: Promise<IteratorResult<string, void>>,
  events: AsyncGenerator<string, void, void>,
  body: Body,
  done: (usage: TokenStats | undefined) => void,
): Promise<void> {
  let usage: TokenStats | undefined;
  const timer = realClock.setTimer(DRAIN_MS, () => void body.return());
  try {
    for (let event = await pending; !event.done && !isEndMarker(event.value); event = await events.next())
      usage = parseChunk(JSON.parse(event.value)).usage ?? usage;
    body.release(DRAIN_MS);
  } catch {
    // The answer was complete: nothing that follows can fail it.
    void body.return();
  } finally {
    timer.cancel();
    done(usage);
  }
}

interface Sniffed extends AsyncIterable<Uint8Array> {
  readonly isJson: boolean;
}

/** The body, and whether its first character begins JSON rather than an event. Throws ENGINE_PROTOCOL for a web page. */
async function sniffed(body: Body): Promise<Sniffed> {
  const held: Uint8Array[] = [];
  let first = '';
  while (first === '') {
    const { done, value } = await body.next();
    if (done) break;
    held.push(value);
    first = new TextDecoder().decode(Buffer.concat(held)).trimStart().slice(0, 1);
  }
  if (first === '<') {
    void body.return();
    throw new ParleyError('ENGINE_PROTOCOL', 'the answer is a web page: check baseURL');
  }
  return {
    isJson: first === '{' || first === '[',
    async *[Symbol.asyncIterator]() {
      yield* held;
      yield* body;
    },
  };
}

/** The JSON of a body, as soon as it is complete: some servers keep the connection open. */
async function wholeJson(pieces: Sniffed, body: Body): Promise<unknown> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) {
    all.push(piece);
    if (!/[}\]]\s*$/.test(Buffer.from(piece).toString('latin1'))) continue;
    try {
      const value: unknown = JSON.parse(textOf(all));
      body.release(DRAIN_MS);
      return value;
    } catch {
      // More follows.
    }
  }
  return JSON.parse(textOf(all));
}

function textOf(pieces: readonly Uint8Array[]): string {
  return new TextDecoder().decode(Buffer.concat(pieces));
}
