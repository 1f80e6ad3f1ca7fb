import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { SUBPROTOCOL } from '../../machines/wire.ts';
import { pathOf, SESSION_PATH } from './http.ts';
import { type OriginPolicy, originAllowed } from './origin.ts';

export interface UpgradeRefusal {
  readonly status: number;
  readonly text: string;
}

/** WebSockets of another part of the server: it takes the request, refuses it, or has nothing to do with its path. */
export type UpgradeRoute = (
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  path: string,
) => 'taken' | UpgradeRefusal | undefined;

/** Why a request must not become a WebSocket, if so. */
export function refusalOf(request: IncomingMessage, policy: OriginPolicy): UpgradeRefusal | undefined {
  if (pathOf(request) !== SESSION_PATH)
    return { status: 404, text: `WebSockets are served at ${SESSION_PATH}` };
  if (!originAllowed(request, policy))
    return { status: 403, text: 'pages of this origin may not connect; see allowedOrigins' };
  const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
  if (!offered.includes(SUBPROTOCOL))
    return { status: 400, text: `the WebSocket subprotocol ${SUBPROTOCOL} is required` };
  return undefined;
}

/** Answers an upgrade request in plain HTTP and lets the socket go. */
export function refuseUpgrade(socket: Duplex, refusal: UpgradeRefusal): void {
  const body = `${refusal.text}\n`;
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(
    [
      `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
      'Connection: close',
      'Content-Type: text/plain; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}
