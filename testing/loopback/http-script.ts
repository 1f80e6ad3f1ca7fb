import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { AsyncQueue } from '../../actors/async-queue.ts';
import { pause } from '../../actors/cancellation.ts';
import type { Clock } from '../../machines/clock.ts';
import { closeServer, listenOnLoopback, Sockets } from './sockets.ts';

/** One step of a loopback HTTP server's answer. Steps after `hang`, `reset` or `close` are not reached. */
export type HttpStep =
  | { readonly do: 'wait'; readonly ms: number }
  /** Status line and headers. Without it, the first `send` answers 200 with no content type. */
  | { readonly do: 'head'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly do: 'send'; readonly bytes: Uint8Array | string }
  /** Raw bytes, written to the connection without HTTP framing. */
  | { readonly do: 'raw'; readonly bytes: Uint8Array | string }
  | { readonly do: 'end' }
  /** Sends no more, and keeps the connection open until the client closes it. */
  | { readonly do: 'hang' }
  /** Breaks the connection with a TCP reset. */
  | { readonly do: 'reset' }
  /** Closes the connection normally (FIN), at any point of the answer. */
  | { readonly do: 'close' };

/** A request as the server received it, with its whole body. */
export interface Received {
  /** Number of the request on this server, from 0. */
  readonly n: number;
  readonly incoming: IncomingMessage;
  readonly url: URL;
  readonly body: Buffer;
  /** Resolves when the answer ended (`answered`) or the client closed the connection before (`gone`). */
  readonly outcome: Promise<'answered' | 'gone'>;
}

/** Server on 127.0.0.1 that answers by a script. */
export interface ScriptedServer<Request> {
  /** Value for an engine's `baseURL`, such as `http://127.0.0.1:4711/v1`. */
  readonly baseURL: string;
  readonly requests: readonly Request[];
  /** The next request that this has not returned yet. */
  nextRequest(): Promise<Request>;
  readonly sockets: Sockets;
  close(): Promise<void>;
}

/** Starts a server that reads each request with `read`, and answers what `script` gives. */
export async function scriptedServer<Request>(
  clock: Clock,
  read: (received: Received) => Request | Promise<Request>,
  script: (request: Request) => readonly HttpStep[],
): Promise<ScriptedServer<Request>> {
  const requests: Request[] = [];
  const unread = new AsyncQueue<Request>();
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
    const body = Buffer.concat(pieces);
    const request = await read({ n: requests.length, incoming, url, body, outcome });
    requests.push(request);
    unread.push(request);
    await playHttp(script(request), response, clock, gone.signal);
  };
  const server = createServer((incoming, response) => {
    respond(incoming, response).catch(() => response.destroy());
  });
  // Idle connections last as long as the test, because tests count their reuse.
  server.keepAliveTimeout = 0;
  const sockets = new Sockets(server);
  const port = await listenOnLoopback(server);
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    requests,
    nextRequest: () => unread.take(),
    sockets,
    close: () => closeServer(server, sockets),
  };
}

/** Carries out `steps` in order; ends early when the client goes away (`gone`). */
export async function playHttp(
  steps: readonly HttpStep[],
  response: ServerResponse,
  clock: Clock,
  gone: AbortSignal,
): Promise<void> {
  for (const step of steps) {
    if (gone.aborted) return;
    switch (step.do) {
      case 'wait':
        await pause(clock, step.ms, gone);
        break;
      case 'head':
        response.writeHead(step.status, step.headers ?? {});
        response.flushHeaders();
        break;
      case 'send':
        await write((done) => response.write(step.bytes, done));
        break;
      case 'raw':
        await write((done) => {
          if (!response.socket) return done();
          response.socket.write(step.bytes, () => done());
        });
        break;
      case 'end':
        response.end();
        break;
      case 'hang':
        return;
      case 'reset':
        response.socket?.resetAndDestroy();
        return;
      case 'close':
        response.socket?.destroy();
        return;
      default:
        step satisfies never;
    }
  }
}

/** A write that failed because the client left is ignored. */
function write(start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => start(() => resolve()));
}

/** A complete answer in one step. */
export function answer(status: number, contentType: string, body: string | Uint8Array): HttpStep[] {
  return [
    { do: 'head', status, headers: { 'content-type': contentType } },
    { do: 'send', bytes: body },
    { do: 'end' },
  ];
}

/** An error answer in OpenAI's format. */
export function errorAnswer(status: number, message: string): HttpStep[] {
  return answer(
    status,
    'application/json',
    JSON.stringify({ error: { message, type: 'error', code: null } }),
  );
}

/** The steps with a pause before each `send`: a slow trickle. */
export function trickle(steps: readonly HttpStep[], everyMs: number): HttpStep[] {
  return steps.flatMap((step): HttpStep[] =>
    step.do === 'send' ? [{ do: 'wait', ms: everyMs }, step] : [step],
  );
}

/** The first `sends` pieces of the body, followed by `instead`: a server that breaks off in mid-stream. */
export function breakOff(steps: readonly HttpStep[], sends: number, instead: HttpStep): HttpStep[] {
  const kept: HttpStep[] = [];
  let left = sends;
  for (const step of steps) {
    if (step.do === 'send' && left-- === 0) break;
    if (step.do === 'end') break;
    kept.push(step);
  }
  return [...kept, instead];
}
