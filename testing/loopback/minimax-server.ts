import { realClock } from '../../adapters/real-clock.ts';
import type { Clock } from '../../machines/clock.ts';
import { answer, type HttpStep, type Received, type ScriptedServer, scriptedServer } from './http-script.ts';
import { sse, toneSamples } from './openai-replies.ts';

/** A request that the server received. */
export interface MinimaxRequest {
  readonly path: string;
  readonly groupId: string | null;
  readonly authorization: string | undefined;
  /** The parsed body, if there is one. */
  readonly json?: unknown;
  /** Resolves when the answer ended (`answered`) or the client closed the connection before (`gone`). */
  readonly outcome: Promise<'answered' | 'gone'>;
}

export interface MinimaxServerOptions {
  /** `POST /v1/t2a_v2`. By default 200 ms of a tone at 24 kHz. */
  readonly speech?: (request: MinimaxRequest) => readonly HttpStep[];
  /** Clock of `wait` steps; real time by default. */
  readonly clock?: Clock;
}

export type MinimaxServer = ScriptedServer<MinimaxRequest>;

/** Server on 127.0.0.1 that speaks MiniMax's streamed `t2a_v2` from a script, with delays and misbehaviour. */
export function minimaxServer(options: MinimaxServerOptions = {}): Promise<MinimaxServer> {
  const { clock = realClock, speech = () => minimaxReply(toneSamples(200, 24_000)) } = options;
  const read = ({ incoming, url, body, outcome }: Received): MinimaxRequest => ({
    path: url.pathname,
    groupId: url.searchParams.get('GroupId'),
    authorization: incoming.headers.authorization,
    ...(body.length > 0 ? { json: JSON.parse(body.toString()) } : {}),
    outcome,
  });
  return scriptedServer(clock, read, (request) =>
    request.path === '/v1/t2a_v2' ? speech(request) : answer(404, 'text/plain', '404 page not found'),
  );
}

export interface MinimaxReplyOptions {
  /** Bytes per event; an odd number splits samples between events. Default 4,800 (100 ms at 24 kHz). */
  readonly chunkBytes?: number;
  /** Whether the last event repeats all of the audio, as without `exclude_aggregated_audio`. Default false. */
  readonly aggregated?: boolean;
  /** Whether the last event (status 2) is sent. Default true. */
  readonly last?: boolean;
  /** ms before each event. Default 0. */
  readonly everyMs?: number;
}

/** One event with `audio` as hexadecimal digits. Status 1: more follows; 2: the end. */
export function minimaxEvent(audio: string, status: 1 | 2): HttpStep {
  return sse({
    data: { audio, status, ced: '' },
    trace_id: 'loopback',
    base_resp: { status_code: 0, status_msg: '' },
  });
}

/** PCM16LE, streamed in MiniMax's format. */
export function minimaxReply(samples: Int16Array, options: MinimaxReplyOptions = {}): HttpStep[] {
  const { chunkBytes = 4_800, aggregated = false, last = true, everyMs = 0 } = options;
  const hex = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength).toString('hex');
  const events: HttpStep[] = [];
  for (let at = 0; at < hex.length; at += 2 * chunkBytes)
    events.push(minimaxEvent(hex.slice(at, at + 2 * chunkBytes), 1));
  if (last) events.push(minimaxEvent(aggregated ? hex : '', 2));
  return [
    { do: 'head', status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' } },
    ...events.flatMap((event): HttpStep[] => (everyMs > 0 ? [{ do: 'wait', ms: everyMs }, event] : [event])),
    { do: 'end' },
  ];
}

/** A refusal: status 200, JSON, and the reason in `base_resp`. */
export function minimaxRefusal(statusCode: number, message: string): HttpStep[] {
  const body = { base_resp: { status_code: statusCode, status_msg: message } };
  return answer(200, 'application/json', JSON.stringify(body));
}
