import type { IncomingMessage } from 'node:http';
import { WebSocketServer } from 'ws';
import { clientAddressOf } from '../access.ts';
import type { Door } from '../door.ts';
import type { Endpoint } from '../endpoint.ts';
import { onlyReads, sendText } from '../http.ts';
import { ClientSocket, type SocketProtocol } from './client-socket.ts';
import { hopsOf } from './relay.ts';
import { ServerSocket } from './server-socket.ts';

/** Frames that a message may always have; small devices and proxies cut messages into a few hundred bytes. */
const LEAST_FRAGMENTS = 1_024;
/** A longer message may have one for each so many bytes; more indicate an attack. */
const FRAGMENT_BYTES = 256;

export interface WebSocketProtocol {
  /** Of the endpoint. */
  readonly name: string;
  readonly path: string;
  /** The document that describes it, for those who come without a WebSocket. */
  readonly page: string;
  readonly maxMessageBytes: number;
  /** Chooses one of the offered subprotocols. Default: the first. */
  readonly subprotocol?: (offered: ReadonlySet<string>) => string | false;
  /** Returns what makes the protocol of the socket of a client at `address`, or rejects with the reason to refuse the handshake. */
  admit(request: IncomingMessage, address: string): Promise<(client: ClientSocket) => SocketProtocol>;
}

/** An endpoint whose clients connect by WebSocket to one path. */
export function webSocketEndpoint(
  door: Door,
  { name, path: own, page, maxMessageBytes, subprotocol, admit }: WebSocketProtocol,
): Endpoint {
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    maxFragments: Math.max(LEAST_FRAGMENTS, Math.ceil(maxMessageBytes / FRAGMENT_BYTES)),
    ...(subprotocol && { handleProtocols: subprotocol }),
    WebSocket: ServerSocket,
  });
  return {
    name,
    routes(request, response, path) {
      if (path !== own) return false;
      if (onlyReads(request, response)) {
        response.setHeader('Upgrade', 'websocket');
        sendText(response, 426, `this is a WebSocket endpoint; see ${page}`);
      }
      return true;
    },
    upgrade(request, socket, head, path) {
      if (path !== own) return undefined;
      const address = clientAddressOf(request, door.proxies);
      return admit(request, address).then((admitted) => {
        webSockets.handleUpgrade(request, socket, head, (webSocket) => {
          const from = { address, relayed: hopsOf(request) > 0 };
          new ClientSocket(webSocket, socket, from, door, maxMessageBytes, admitted);
        });
        return 'taken';
      });
    },
  };
}

/** The subprotocols that the client offers. */
export function offeredBy(request: IncomingMessage): readonly string[] {
  return request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim()) ?? [];
}
