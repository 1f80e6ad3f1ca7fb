import { WebSocketServer } from 'ws';
import { type Access, addressOf, bearerOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { onlyReads, sendText } from '../../door/http.ts';
import { ClientSocket } from '../../door/websocket/client-socket.ts';
import { ServerSocket } from '../../door/websocket/server-socket.ts';
import { INGEST_PATH, MAX_INGEST_CHARS } from '../../ingest/wire.ts';
import { Connection } from './connection.ts';

/** Room for the other fields of a chunk. */
const MAX_MESSAGE_BYTES = MAX_INGEST_CHARS + 4_096;
/** Maximum number of frames in a message; more indicate an attack. */
const MAX_FRAGMENTS = 64;

/** `/ws/ingest/tts`: speech that is made elsewhere, played to the clients of sessions: docs/ingest.md. */
export function ingestTts({
  door,
  access,
}: {
  readonly door: Door;
  readonly access: Pick<Access, 'tokenAccepted'>;
}): Endpoint {
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: MAX_FRAGMENTS,
    WebSocket: ServerSocket,
  });
  return {
    name: 'ingest-tts',
    routes(request, response, path) {
      if (path !== INGEST_PATH) return false;
      if (onlyReads(request, response)) {
        response.setHeader('Upgrade', 'websocket');
        sendText(response, 426, 'this is a WebSocket endpoint; see docs/ingest.md');
      }
      return true;
    },
    upgrade(request, socket, head, path) {
      if (path !== INGEST_PATH) return undefined;
      if (!access.tokenAccepted(bearerOf(request)))
        return { status: 401, text: 'the token is missing or wrong' };
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        const address = addressOf(request.socket);
        new ClientSocket(webSocket, socket, address, door, (client) => new Connection(client, door));
      });
      return 'taken';
    },
  };
}
