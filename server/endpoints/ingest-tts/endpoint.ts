import { type Access, bearerOf } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { webSocketEndpoint } from '../../door/websocket/endpoint.ts';
import { INGEST_PATH, MAX_INGEST_CHARS } from '../../ingest/wire.ts';
import { Connection } from './connection.ts';

interface IngestParts {
  readonly door: Door;
  readonly access: Pick<Access, 'tokenAccepted'>;
}

/** `/ws/ingest/tts`: speech that is made elsewhere, played to the clients of sessions: docs/ingest.md. */
export function ingestTts({ door, access }: IngestParts): Endpoint {
  return webSocketEndpoint(door, {
    name: 'ingest-tts',
    path: INGEST_PATH,
    page: 'docs/ingest.md',
    // Room for the other fields of a chunk.
    maxMessageBytes: MAX_INGEST_CHARS + 4_096,
    admit(request) {
      if (!access.tokenAccepted(bearerOf(request)))
        return { status: 401, text: 'the token is missing or wrong' };
      return (client) => new Connection(client, door);
    },
  });
}
