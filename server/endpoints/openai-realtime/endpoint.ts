import type { IncomingMessage } from 'node:http';
import { ParleyError } from '../../../machines/errors.ts';
import { type Access, bearerOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { offeredBy, webSocketEndpoint } from '../../door/websocket/endpoint.ts';
import { Connection, OPENAI_REALTIME } from './connection.ts';

const SUBPROTOCOL = 'realtime';
/** How a browser, which cannot set headers, sends its key. */
const KEY_SUBPROTOCOL = 'openai-insecure-api-key.';
/** 4 s of PCM in base64; this protocol has larger messages than the native one. */
const MAX_MESSAGE_BYTES = 262_144;
const MAX_MODEL_CHARS = 200;

interface RealtimeParts {
  readonly door: Door;
  readonly access: Pick<Access, 'caller'>;
}

/** OpenAI's Realtime API over WebSocket, for its unmodified clients: docs/realtime.md. */
export function openaiRealtime({ door, access }: RealtimeParts): Endpoint {
  return webSocketEndpoint(door, {
    name: OPENAI_REALTIME,
    path: '/v1/realtime',
    page: 'docs/realtime.md',
    maxMessageBytes: MAX_MESSAGE_BYTES,
    subprotocol: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    async admit(request, address) {
      const token = keyOf(request);
      // Clients of this protocol expect the answer to the handshake.
      const caller = await access.caller(token, OPENAI_REALTIME);
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
      const foreign = ['call_id', 'intent'].find((name) => searchParams.has(name));
      if (foreign) throw new ParleyError('BAD_FIELD', `${foreign} is not supported; see docs/realtime.md`);
      door.ask({ caller, address });
      const model = (searchParams.get('model') ?? 'parley').slice(0, MAX_MODEL_CHARS);
      return (client) => new Connection(client, door, { caller, model });
    },
  });
}

/** The key of the `Authorization` header, or of the subprotocol that stands for it. */
function keyOf(request: IncomingMessage): string | undefined {
  const named = offeredBy(request).find((name) => name.startsWith(KEY_SUBPROTOCOL));
  return bearerOf(request) ?? named?.slice(KEY_SUBPROTOCOL.length);
}
