import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '../../machines/clock.ts';
import { Arrivals } from './arrivals.ts';
import { realClock } from './clock.ts';
import { answer, type HttpStep, playHttp } from './http-script.ts';
import { sse, toneSamples } from './openai-replies.ts';
import { closeServer, listenOnLoopback, Sockets } from './sockets.ts';

/** A request that the server received. */
export interface MinimaxRequest {
  readonly path: string;
  readonly groupId: string | null;
  readonly authorization: string | undefined;
  readonly json: unknown;
  /** Resolves when the answer ended (`answered`) or the client closed the connection before (`gone`). */
  readonly outcome: Promise<'answered' | 'gone'>;
}

export interface MinimaxServerOptions {
  /** `POST /v1/t2a_v2`. By default 200 ms of a tone at 24 kHz. */
  readonly speech?: (request: MinimaxRequest) => readonly HttpStep[];
  /** Clock of `wait` steps; real time by default. */
  readonly clock?: Clock;
}

export interface MinimaxServer {
  /** Value for the engine's `baseURL`. */
  readonly baseURL: string;
  readonly requests: readonly MinimaxRequest[];
  /** The next request that this has not returned yet. */
  nextRequest(): Promise<MinimaxRequest>;
  readonly sockets: Sockets;
  close(): Promise<void>;
}

/** Server on 127.0.0.1 that speaks MiniMax's streamed `t2a_v2` from a script, with delays and misbehaviour. */
export async function minimaxServer(options: MinimaxServerOptions = {}): Promise<MinimaxServer> {
  const { clock = realClock, speech = () => minimaxReply(toneSamples(200, 24_000)) } = options;
  const arrivals = new Arrivals<MinimaxRequest>();
  const respond = async (incoming: IncomingMessage, response: ServerResponse) => {
    const gone = new AbortController();
    const outcome = new Promise<'answered' | 'gone'>((resolve) => {
      response.on('close', () => {
        gone.abort();
        resolve(response.writableFinished ? 'answered' : 'gone');
      });
    });
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece);
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1');
    if (url.pathname !== '/v1/t2a_v2') {
      await playHttp(answer(404, 'text/plain', '404 page not found'), response, clock, gone.signal);
      return;
    }
    const request: MinimaxRequest = {
      path: url.pathname,
      groupId: url.searchParams.get('GroupId'),
      authorization: incoming.headers.authorization,
      json: JSON.parse(Buffer.concat(pieces).toString()),
      outcome,
    };
    arrivals.add(request);
    await playHttp(speech(request), response, clock, gone.signal);
  };
  const server = createServer((incoming, response) => {
    respond(incoming, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 0;
  const sockets = new Sockets(server);
  const port = await listenOnLoopback(server);
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    requests: arrivals.all,
    nextRequest: () => arrivals.next(),
    sockets,
    close: () => closeServer(server, sockets),
  };
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
