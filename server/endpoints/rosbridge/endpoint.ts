import { type Access, bearerOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { webSocketEndpoint } from '../../door/websocket/endpoint.ts';
import { Connection, MAX_MESSAGE_BYTES, ROSBRIDGE } from './connection.ts';
import { optionsOf } from './options.ts';
import { type RobotParts, RobotSession } from './robot-session.ts';

interface RosbridgeParts {
  readonly door: Door;
  readonly access: Pick<Access, 'visitor'>;
  /** The robot that this server dials, if one is configured. */
  readonly robot?: RobotParts | undefined;
}

/** The rosbridge protocol over WebSocket, for unmodified `roslib` clients: docs/ros.md. */
export function rosbridge({ door, access, robot }: RosbridgeParts): Endpoint {
  const dialled = robot && new RobotSession(door, robot);
  const endpoint = webSocketEndpoint(door, {
    name: ROSBRIDGE,
    path: '/rosbridge',
    page: 'docs/ros.md',
    maxMessageBytes: MAX_MESSAGE_BYTES,
    subprotocol: () => false,
    admit(request) {
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
      const options = optionsOf(searchParams, bearerOf(request));
      if (typeof options === 'string') return { status: 400, text: options };
      // Also checked when the session opens; a wrong token shall not wait until then.
      if (!access.visitor(options.token))
        return { status: 401, text: 'the token is not accepted: ?token=… or Authorization: Bearer …' };
      return (client) => new Connection(client, door, options);
    },
  });
  return { ...endpoint, listen: async () => dialled?.start(), close: async () => dialled?.close() };
}
