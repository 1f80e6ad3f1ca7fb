import { WebSocketServer } from 'ws';
import { type Access, addressOf, bearerOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { onlyReads, sendText } from '../../door/http.ts';
import { ClientSocket } from '../../door/websocket/client-socket.ts';
import { ServerSocket } from '../../door/websocket/server-socket.ts';
import { Connection, MAX_MESSAGE_BYTES, ROSBRIDGE } from './connection.ts';
import { optionsOf } from './options.ts';
import { type RobotParts, RobotSession } from './robot-session.ts';

const PATH = '/rosbridge';
/** Maximum number of WebSocket frames in a message; more indicate an attack. */
const MAX_FRAMES = 64;

/** The rosbridge protocol over WebSocket, for unmodified `roslib` clients: docs/ros.md. */
export function rosbridge({
  door,
  access,
  robot,
}: {
  readonly door: Door;
  readonly access: Pick<Access, 'tokenAccepted'>;
  /** The robot that this server dials, if one is configured. */
  readonly robot?: RobotParts | undefined;
}): Endpoint {
  const dialled = robot && new RobotSession(door, robot);
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: MAX_FRAMES,
    handleProtocols: () => false,
    WebSocket: ServerSocket,
  });
  return {
    name: ROSBRIDGE,
    routes(request, response, path) {
      if (path !== PATH) return false;
      if (onlyReads(request, response)) {
        response.setHeader('Upgrade', 'websocket');
        sendText(response, 426, 'this is a WebSocket endpoint; see docs/ros.md');
      }
      return true;
    },
    upgrade(request, socket, head, path) {
      if (path !== PATH) return undefined;
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
      const options = optionsOf(searchParams, bearerOf(request));
      if (typeof options === 'string') return { status: 400, text: options };
      // Also checked when the session opens; a wrong token shall not wait until then.
      if (!access.tokenAccepted(options.token))
        return { status: 401, text: 'the token is not accepted: ?token=… or Authorization: Bearer …' };
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        const address = addressOf(request.socket);
        new ClientSocket(webSocket, socket, address, door, (client) => new Connection(client, door, options));
      });
      return 'taken';
    },
    listen: async () => dialled?.start(),
    close: async () => dialled?.close(),
  };
}
