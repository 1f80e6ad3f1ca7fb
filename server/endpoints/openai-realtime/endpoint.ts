import type { IncomingMessage } from 'node:http';
import { WebSocketServer } from 'ws';
import { type Access, addressOf, bearerOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { onlyReads, sendText } from '../../door/http.ts';
import { ClientSocket } from '../../door/websocket/client-socket.ts';
import { ServerSocket } from '../../door/websocket/server-socket.ts';
import { Connection, OPENAI_REALTIME } from './connection.ts';

const PATH = '/v1/realtime';
const SUBPROTOCOL = 'realtime';
/** How a browser, which cannot set headers, sends its key. */
const KEY_SUBPROTOCOL = 'openai-insecure-api-key.';
/** 4 s of PCM in base64; this protocol has larger messages than the native one. */
const MAX_MESSAGE_BYTES = 262_144;
/** Maximum number of frames in a message; more indicate an attack. */
const MAX_FRAGMENTS = 64;
const MAX_MODEL_CHARS = 200;

/** OpenAI's Realtime API over WebSocket, for its unmodified clients: docs/realtime.md. */
export function openaiRealtime({
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
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    WebSocket: ServerSocket,
  });
  return {
    name: OPENAI_REALTIME,
    routes(request, response, path) {
      if (path !== PATH) return false;
      if (onlyReads(request, response)) {
        response.setHeader('Upgrade', 'websocket');
        sendText(response, 426, 'this is a WebSocket endpoint; see docs/realtime.md');
      }
      return true;
    },
    upgrade(request, socket, head, path) {
      if (path !== PATH) return undefined;
      const token = keyOf(request);
      // Also checked when the session opens; clients of this protocol expect the answer to the handshake.
      if (!access.tokenAccepted(token))
        return { status: 401, text: 'the key is not the token of this server' };
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
      const foreign = ['call_id', 'intent'].find((name) => searchParams.has(name));
      if (foreign) return { status: 400, text: `${foreign} is not supported; see docs/realtime.md` };
      const model = (searchParams.get('model') ?? 'parley').slice(0, MAX_MODEL_CHARS);
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        let connection: Connection | undefined;
        new ClientSocket(webSocket, socket, addressOf(request.socket), door, (client) => {
          connection = new Connection(client, door);
          return connection;
        });
        connection?.open({ token, model });
      });
      return 'taken';
    },
  };
}

/** The key of the `Authorization` header, or of the subprotocol that stands for it. */
function keyOf(request: IncomingMessage): string | undefined {
  const offered = request.headers['sec-websocket-protocol']?.split(',').map((name) => name.trim());
  const named = offered?.find((name) => name.startsWith(KEY_SUBPROTOCOL));
  return bearerOf(request) ?? named?.slice(KEY_SUBPROTOCOL.length);
}
