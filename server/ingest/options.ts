import { z } from 'zod';
import { group, key } from '../../machines/options.ts';

/** Configuration of the output service that gets the speech of sessions. */
export const ingestOptions = group({
  url: key(
    z.url({ protocol: /^wss?$/ }).exactOptional(),
    'WebSocket of an output service, such as ws://robot:7400/ws/ingest/tts, that gets the speech of sessions; see docs/how-to/http-chat.md.',
  ),
  token: key(
    z.string().min(1).max(1_024).exactOptional(),
    'Token for the output service, sent as `Authorization: Bearer`.',
    { secret: true },
  ),
  sessions: key(
    z.enum(['chat', 'all']).default('chat'),
    'Sessions whose speech the output service gets: those of `/chat/stream`, which speak only then, or all that speak.',
  ),
});

export type IngestOptions = z.output<typeof ingestOptions>;
