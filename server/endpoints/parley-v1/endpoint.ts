import { WebSocketServer } from 'ws';
import { SUBPROTOCOL, WIRE_LIMITS } from '../../../machines/wire.ts';
import { addressOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { onlyReads, sendText } from '../../door/http.ts';
import { ClientSocket } from '../../door/websocket/client-socket.ts';
import { ServerSocket } from '../../door/websocket/server-socket.ts';
import { Connection, PARLEY_V1 } from './connection.ts';

const SESSION_PATH = '/v1/session';
/** Maximum number of frames in a message; more indicate an attack. */
const MAX_FRAGMENTS = 64;

/** The native protocol, `parley.v1` over WebSocket: docs/protocol.md. */
export function parleyV1({ door }: { readonly door: Door }): Endpoint {
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: WIRE_LIMITS.messageBytes,
    maxFragments: MAX_FRAGMENTS,
    handleProtocols: () => SUBPROTOCOL,
    WebSocket: ServerSocket,
  });
  return {
    name: PARLEY_V1,
    routes(request, response, path) {
      if (path !== SESSION_PATH) return false;
      if (onlyReads(request, response)) {
        response.setHeader('Upgrade', 'websocket');
        sendText(response, 426, 'this is a WebSocket endpoint; see docs/protocol.md');
      }
      return true;
    },
    upgrade(request, socket, head, path) {
      if (path !== SESSION_PATH) return undefined;
      const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim());
      if (!offered?.includes(SUBPROTOCOL))
        return { status: 400, text: `the WebSocket subprotocol ${SUBPROTOCOL} is required` };
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        const address = addressOf(request.socket);
        new ClientSocket(webSocket, socket, address, door, (client) => new Connection(client, door));
      });
      return 'taken';
    },
  };
}
