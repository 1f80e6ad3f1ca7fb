import type { IncomingMessage } from 'node:http';
import { ParleyError } from '../../../machines/errors.ts';
import { ECHO_STATES, type EchoState } from '../../../machines/wire.ts';
import { type Access, bearerOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { offeredBy, webSocketEndpoint } from '../../door/websocket/endpoint.ts';
import { Connection, MAX_MESSAGE_BYTES, OPENAI_REALTIME } from './connection.ts';

const SUBPROTOCOL = 'realtime';
/** How a browser, which cannot set headers, sends its key. */
const KEY_SUBPROTOCOL = 'openai-insecure-api-key.';
const MAX_MODEL_CHARS = 200;

interface RealtimeParts {
  readonly door: Door;
  readonly access: Pick<Access, 'caller'>;
}

/** OpenAI's Realtime API over WebSocket, for its unmodified clients: docs/how-to/openai-realtime.md. */
export function openaiRealtime({ door, access }: RealtimeParts): Endpoint {
  return webSocketEndpoint(door, {
    name: OPENAI_REALTIME,
    path: '/v1/realtime',
    page: 'docs/how-to/openai-realtime.md',
    maxMessageBytes: MAX_MESSAGE_BYTES,
    subprotocol: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    async admit(request, address) {
      const token = keyOf(request);
      // Clients of this protocol expect the answer to the handshake.
      const caller = await access.caller(token, OPENAI_REALTIME);
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
      if (searchParams.has('call_id'))
        throw new ParleyError('BAD_FIELD', 'call_id is not supported; see docs/how-to/openai-realtime.md');
      const type = typeOf(searchParams.get('intent'));
      const echo = echoOf(searchParams.get('echo'));
      door.ask({ caller, address });
      const model = (searchParams.get('model') ?? 'parley').slice(0, MAX_MODEL_CHARS);
      return (client) => new Connection(client, door, { caller, model, type, echo });
    },
  });
}

function typeOf(intent: string | null): 'realtime' | 'transcription' {
  if (intent === null || intent === 'conversation' || intent === 'realtime') return 'realtime';
  if (intent === 'transcription') return intent;
  throw new ParleyError('BAD_FIELD', 'intent must be transcription or absent');
}

/** A client that says nothing has an open microphone beside its loudspeaker, for all that is known. */
function echoOf(given: string | null): EchoState {
  if (given === null) return 'unknown';
  const state = ECHO_STATES.find((one) => one === given);
  if (!state) throw new ParleyError('BAD_FIELD', `echo must be one of ${ECHO_STATES.join(', ')}`);
  return state;
}

/** The key of the `Authorization` header, or of the subprotocol that stands for it. */
function keyOf(request: IncomingMessage): string | undefined {
  const named = offeredBy(request).find((name) => name.startsWith(KEY_SUBPROTOCOL));
  return bearerOf(request) ?? named?.slice(KEY_SUBPROTOCOL.length);
}
