import type { Access } from '../../door/access.ts';
import type { Door } from '../../door/door.ts';
import type { Endpoint } from '../../door/endpoint.ts';
import { webSocketEndpoint } from '../../door/websocket/endpoint.ts';
import { INGEST_PATH, MAX_INGEST_CHARS } from '../../ingest/wire.ts';
import { Connection } from './connection.ts';

/** Not among the doors that a token opens without naming them: it speaks into other people's sessions. */
const NAME = 'ingest-tts';

interface IngestParts {
  readonly door: Door;
  readonly access: Pick<Access, 'permit'>;
}

/** `/ws/ingest/tts`: speech that is made elsewhere, played to the clients of sessions: docs/how-to/http-chat.md. */
export function ingestTts({ door, access }: IngestParts): Endpoint {
  return webSocketEndpoint(door, {
    name: NAME,
    path: INGEST_PATH,
    page: 'docs/how-to/http-chat.md',
    // Room for the other fields of a chunk.
    maxMessageBytes: MAX_INGEST_CHARS + 4_096,
    async admit(request) {
      await access.permit(request, { door: NAME });
      return (client) => new Connection(client, door);
    },
  });
}
