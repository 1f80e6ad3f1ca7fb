import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { AsyncQueue } from '../../actors/async-queue.ts';
import { pause } from '../../actors/cancellation.ts';
import { realClock } from '../../adapters/real-clock.ts';
import type { Clock } from '../../machines/clock.ts';
import { type EdgeStep, edgeAudio, edgeReply, edgeText, edgeWordMetadata } from './edge-replies.ts';
import { closeServer, listenOnLoopback, Sockets } from './sockets.ts';

/** A speech request that the server received. */
export interface EdgeRequest {
  /** Number of the request on this server, from 0. */
  readonly n: number;
  /** Number of the WebSocket connection, from 0: requests with the same number shared one. */
  readonly connection: number;
  readonly requestId: string;
  readonly ssml: string;
  /** The last `speech.config` on this connection, as JSON text. */
  readonly config: string;
  /** Resolves when the answer's last step was done (`answered`) or the client closed the connection before (`gone`). */
  readonly outcome: Promise<'answered' | 'gone'>;
}

/** How a connection is handled: accepted, left waiting, reset, or refused with an HTTP status. */
export type EdgeWelcome = 'accept' | 'hang' | 'reset' | number;

export interface EdgeServerOptions {
  /** How a request is answered. By default a short tone. */
  readonly speech?: (request: EdgeRequest) => readonly EdgeStep[];
  /** How the n-th connection (from 0) is received. By default `accept`. */
  readonly welcome?: (n: number) => EdgeWelcome;
  /** Clock of `wait` steps; real time by default. */
  readonly clock?: Clock;
}

export interface EdgeServer {
  /** What `edgeTts` takes as `endpoint`, such as `ws://127.0.0.1:4711`. */
  readonly endpoint: string;
  readonly requests: readonly EdgeRequest[];
  nextRequest(): Promise<EdgeRequest>;
  /** Path and query of each attempted WebSocket connection. */
  readonly connections: readonly string[];
  /** The next attempted connection that this has not returned yet. */
  nextConnection(): Promise<string>;
  readonly sockets: Sockets;
  close(): Promise<void>;
}

/** Server on 127.0.0.1 that speaks the protocol of Edge's Read Aloud from a script, with delays and misbehaviour. */
export async function edgeServer(options: EdgeServerOptions = {}): Promise<EdgeServer> {
  const clock = options.clock ?? realClock;
  const requests: EdgeRequest[] = [];
  const unreadRequests = new AsyncQueue<EdgeRequest>();
  const connections: string[] = [];
  const unreadConnections = new AsyncQueue<string>();
  const server = createServer((_, response) => response.writeHead(426).end());
  const wss = new WebSocketServer({ noServer: true });
  const sockets = new Sockets(server);

  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    const n = connections.push(incoming.url ?? '') - 1;
    unreadConnections.push(incoming.url ?? '');
    const welcome = options.welcome?.(n) ?? 'accept';
    if (welcome === 'hang') {
      // Without reading, the server does not notice that the client has gone.
      socket.on('end', () => socket.destroy()).resume();
      return;
    }
    if (welcome === 'reset') return void socket.destroy();
    if (typeof welcome === 'number') {
      return void socket.end(`HTTP/1.1 ${welcome} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    wss.handleUpgrade(incoming, socket, head, (ws) => converse(ws, n));
  });

  const converse = (ws: WebSocket, connection: number) => {
    let config = '';
    const gone = new AbortController();
    const closed = new Promise<'gone'>((resolve) => {
      ws.on('close', () => {
        gone.abort();
        resolve('gone');
      });
    });
    // A client that disconnects is not a failure of the server.
    ws.on('error', () => {});
    ws.on('message', (data) => {
      const { headers, body } = splitText(textOf(data));
      if (headers.path === 'speech.config') config = body;
      if (headers.path !== 'ssml') return;
      let end: (outcome: 'answered' | Promise<'gone'>) => void = () => {};
      const request: EdgeRequest = {
        n: requests.length,
        connection,
        requestId: headers['x-requestid'] ?? '',
        ssml: body,
        config,
        outcome: new Promise((resolve) => {
          end = resolve;
        }),
      };
      requests.push(request);
      unreadRequests.push(request);
      const steps = options.speech?.(request) ?? edgeReply();
      play(steps, request, ws, clock, gone.signal)
        .then((ended) => end(ended ? 'answered' : closed))
        .catch(() => end(closed));
    });
  };

  const port = await listenOnLoopback(server);
  return {
    endpoint: `ws://127.0.0.1:${port}`,
    requests,
    nextRequest: () => unreadRequests.take(),
    connections,
    nextConnection: () => unreadConnections.take(),
    sockets,
    close: () => closeServer(server, sockets),
  };
}

/** True if every step was done. */
async function play(
  steps: readonly EdgeStep[],
  { requestId }: EdgeRequest,
  ws: WebSocket,
  clock: Clock,
  gone: AbortSignal,
): Promise<boolean> {
  const send = (message: string | Uint8Array) =>
    new Promise<void>((resolve) => ws.send(message, () => resolve()));
  for (const step of steps) {
    if (gone.aborted) return false;
    switch (step.do) {
      case 'wait':
        await pause(clock, step.ms, gone);
        break;
      case 'turn.start':
        await send(edgeText(requestId, 'turn.start', { context: { serviceTag: 'loopback' } }));
        break;
      case 'response':
        await send(edgeText(requestId, 'response', { context: {}, audio: { type: 'inline' } }));
        break;
      case 'words':
        for (const word of step.words) {
          await send(edgeText(requestId, 'audio.metadata', edgeWordMetadata(word)));
        }
        break;
      case 'audio':
        await send(edgeAudio(requestId, 'loopback', step.mp3));
        break;
      case 'turn.end':
        await send(edgeText(requestId, 'turn.end', {}));
        break;
      case 'raw':
        await send(step.message);
        break;
      case 'hang':
        return false;
      case 'close':
        ws.close(step.code, step.reason);
        return false;
      case 'reset':
        ws.terminate();
        return false;
      default:
        step satisfies never;
    }
  }
  return true;
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString();
}

function splitText(message: string): { headers: Record<string, string>; body: string } {
  const end = message.indexOf('\r\n\r\n');
  const headers: Record<string, string> = {};
  for (const line of message.slice(0, end).split('\r\n')) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1);
  }
  return { headers, body: message.slice(end + 4) };
}
