import type { OpusCodec } from '../../../actors/ports/opus.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { SUBPROTOCOL, WIRE_LIMITS } from '../../../machines/wire.ts';
import type { Access } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { offeredBy, webSocketEndpoint } from '../../door/websocket/endpoint.ts';
import { hopsOf } from '../../door/websocket/relay.ts';
import { Connection, PARLEY_V1 } from './connection.ts';

interface ParleyV1Parts {
  readonly door: Door;
  readonly access: Pick<Access, 'caller'>;
  /** Without it there is PCM only. */
  readonly opus?: OpusCodec | undefined;
}

/** The native protocol, `parley.v1` over WebSocket: docs/reference/protocol.md. */
export function parleyV1({ door, access, opus }: ParleyV1Parts): Endpoint {
  return webSocketEndpoint(door, {
    name: PARLEY_V1,
    path: '/v1/session',
    page: 'docs/reference/protocol.md',
    maxMessageBytes: WIRE_LIMITS.messageBytes,
    subprotocol: () => SUBPROTOCOL,
    async admit(request) {
      if (!offeredBy(request).includes(SUBPROTOCOL))
        throw new ParleyError('BAD_FIELD', `the WebSocket subprotocol ${SUBPROTOCOL} is required`);
      const traceparent = String(request.headers.traceparent ?? '');
      return (client) => new Connection(client, door, access, { hops: hopsOf(request), traceparent, opus });
    },
  });
}
