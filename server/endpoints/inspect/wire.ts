/** The inspector's wire: messages between the server and the page at `/inspect`, as schemas that both sides use. Pure, and in zod/mini, because the page bundles it. Times (`at`, `t`) are ms since the session's start, wall-clock
 * times ISO 8601.
 */
import * as z from 'zod/mini';

export const INSPECT_SUBPROTOCOL = 'parley.inspect.v1';
export const INSPECT_LIVE_PATH = '/v1/inspect/live';
export const INSPECT_SESSIONS_PATH = '/v1/inspect/sessions';

/** Limits of a response. */
export const INSPECT_LIMITS = {
  /** Maximum, and default, of journal records per page. */
  records: 2_000,
  /** Maximum of past sessions per page; default 100. */
  sessions: 500,
  /** Maximum of audio pieces per page, each of at most a second. */
  pieces: 20,
  /** Sessions that one WebSocket may watch. */
  watched: 8,
} as const;

const count = z.int().check(z.nonnegative());
const ms = z.number();

/** A session id as Parley makes them: one token of a bus subject. */
export const sessionId = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,128}$/));

export const publicState = z.enum(['idle', 'listening', 'processing', 'speaking', 'stopped', 'ended']);

/** A live session in any server process. */
export const liveSession = z.object({
  session: sessionId,
  /** The server process that runs it. */
  server: z.string(),
  startedAt: z.string(),
  language: z.string(),
  /** Name of the endpoint that its client uses. */
  endpoint: z.exactOptional(z.string()),
  state: publicState,
  turn: count,
  generation: count,
  /** Running actions that may outlive their reply; absent if there is none. */
  actions: z.exactOptional(z.array(z.object({ id: z.string(), name: z.string() }))),
  /** `firstAudio` of the last reply that was audible, in ms. */
  latencyMs: z.exactOptional(ms),
  errors: count,
  /** Code of the last error. */
  lastError: z.exactOptional(z.string()),
  /** The user's last words, shortened. */
  lastText: z.exactOptional(z.string()),
});
export type LiveSession = z.infer<typeof liveSession>;

export const journalStatus = z.enum(['open', 'ended', 'incomplete']);

/** A session that this server's store knows. */
export const pastSession = z.object({
  session: z.string(),
  startedAt: z.string(),
  endedAt: z.exactOptional(z.string()),
  language: z.exactOptional(z.string()),
  /** Status of its journal; absent if it has none. `open`: its server was killed, or runs it now. */
  status: z.exactOptional(journalStatus),
  /** Number of records in its journal. */
  records: count,
  turns: count,
  latencyMs: z.exactOptional(ms),
  errors: count,
  lastError: z.exactOptional(z.string()),
  lastText: z.exactOptional(z.string()),
  machine: z.exactOptional(z.string()),
  version: z.exactOptional(z.string()),
});
export type PastSession = z.infer<typeof pastSession>;

/** `GET /v1/inspect/sessions` */
export const sessionsPage = z.object({
  /** All live sessions that match; only without `before`. */
  live: z.array(liveSession),
  /** Past sessions, newest first. */
  past: z.array(pastSession),
  /** `before` of the next page; null if this was the last. */
  next: z.nullable(z.string()),
});
export type SessionsPage = z.infer<typeof sessionsPage>;

/** A record of a journal; `event`, `change` and `commands` are JSON text, as in machines/journal/record.ts. */
export const journalRecord = z.object({
  record: count,
  seq: count,
  t: ms,
  source: z.enum([
    'start',
    'restored',
    'client',
    'server',
    'ear',
    'timer',
    'stt',
    'speculation',
    'memory',
    'llm',
    'tts',
    'playback',
    'actions',
    'lasting',
    'discarded',
  ]),
  generation: count,
  stale: z.boolean(),
  event: z.string(),
  change: z.string(),
  commands: z.string(),
  stateHash: z.string(),
  commandsHash: z.string(),
});

/** A journal's header. The format of `parameters` and `input` belongs to the recording version. */
export const journalHeader = z.object({
  format: z.int(),
  session: z.string(),
  machine: z.string(),
  version: z.string(),
  startedAt: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  input: z.record(z.string(), z.unknown()),
});

/** `GET /v1/inspect/sessions/:id/journal` */
export const journalPage = z.object({
  header: journalHeader,
  headerHash: z.string(),
  footer: z.object({ status: journalStatus, records: z.nullable(count) }),
  /** In order, without a gap, starting with `from`. */
  records: z.array(journalRecord),
  /** `from` of the next page; null if there is none, or for a live session none yet. */
  next: z.nullable(count),
});
export type JournalPage = z.infer<typeof journalPage>;

export const turn = z.object({
  turn: count,
  generation: count,
  userText: z.string(),
  replyText: z.string(),
  heard: z.string(),
  reason: z.enum(['completed', 'interrupted', 'failed']),
  /** ms by stage; see `reply.end` in docs/reference/protocol.md. */
  timings: z.record(z.string(), z.number()),
  endedAtMs: ms,
});
export type InspectedTurn = z.infer<typeof turn>;

/** `GET /v1/inspect/sessions/:id/turns` */
export const turnsPage = z.object({ turns: z.array(turn) });
export type TurnsPage = z.infer<typeof turnsPage>;

/** `GET /v1/inspect/sessions/:id/audio` */
export const audioPage = z.object({
  pieces: z.array(
    z.object({
      direction: z.enum(['in', 'out']),
      /** Of the reply; 0 for input. */
      generation: count,
      /** Index of its first sample, from the start of the session's input or of the reply. */
      sample: count,
      /** In Hz. */
      rate: z.int().check(z.positive()),
      /** 16 bits, little endian, base64. */
      pcm: z.string(),
    }),
  ),
  next: z.nullable(count),
});
export type AudioPage = z.infer<typeof audioPage>;

/** `POST /v1/inspect/sessions/:id/control` */
export const controlRequest = z.object({ command: z.enum(['halt', 'interrupt', 'rearm']) });
export type ControlCommand = z.infer<typeof controlRequest>['command'];

/** Body of every error response, with a code of the catalogue in machines/errors.ts. */
export const refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** Page → server on `/v1/inspect/live`. `hello` must be first, within 5 s. */
export const pageMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), token: z.exactOptional(z.string().check(z.maxLength(4_096))) }),
  /** Subscribes to the list of live sessions. */
  z.object({ type: z.literal('sessions'), on: z.boolean() }),
  z.object({ type: z.literal('watch'), session: sessionId }),
  z.object({ type: z.literal('unwatch'), session: sessionId }),
]);
export type PageMessage = z.infer<typeof pageMessage>;

/** A child actor's life: its start, or its one end. */
export const childLife = z.object({
  /** `<session>/<turn>/<kind>/<generation>` */
  child: z.string(),
  kind: z.enum(['stt', 'speculation', 'memory', 'llm', 'tts', 'playback', 'actions', 'lasting', 'discarded']),
  generation: count,
  at: ms,
  /** Absent: it started. */
  end: z.exactOptional(z.enum(['done', 'error', 'cancelled'])),
});
export type ChildLife = z.infer<typeof childLife>;

/** User audio of about 100 ms up to `at`, as shares of full scale (0 to 1). */
export const audioLevel = z.object({ at: ms, rms: z.number(), peak: z.number() });
export type AudioLevel = z.infer<typeof audioLevel>;

/** What the ear made of 200 ms of user audio up to `at`: see EarReport in machines/wire.ts. */
export const earReport = z.object({
  ...{ at: ms, levelDb: z.number(), speech: z.number() },
  echo: z.exactOptional(
    z.object({ delayMs: z.exactOptional(ms), removedDb: z.number(), passed: z.number() }),
  ),
});
export type InspectedEar = z.infer<typeof earReport>;

/** Audio of a reply sent to the client, in samples at the output rate. */
export const playoutPosition = z.object({ generation: count, sent: count, at: ms });
export type PlayoutPosition = z.infer<typeof playoutPosition>;

/** New events of one session. */
export const sessionFeed = z.object({
  session: sessionId,
  records: z.array(journalRecord),
  children: z.array(childLife),
  levels: z.array(audioLevel),
  ear: z.exactOptional(z.array(earReport)),
  playout: z.exactOptional(playoutPosition),
  /** The session has ended: nothing follows. */
  ended: z.boolean(),
});
export type SessionFeed = z.infer<typeof sessionFeed>;

const feedMessages = [
  /** Answer to `watch`. If live, records from `from` on follow as `feed`; earlier ones are in the journal. */
  z.object({ type: z.literal('watching'), session: z.string(), live: z.boolean(), from: count }),
  z.object({ type: z.literal('feed'), feed: sessionFeed }),
] as const;

/** Message of a server about a session, for the pages that watch it. */
export const feedMessage = z.discriminatedUnion('type', feedMessages);

/** Server → page. */
export const serverMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ready'),
    server: z.string(),
    version: z.string(),
    /** Whether halt, interrupt and rearm may be sent from here. */
    control: z.boolean(),
    /** Whether this server journals its sessions. */
    journal: z.boolean(),
    /** Which audio this server keeps. */
    audio: z.enum(['none', 'input', 'all']),
  }),
  /** Live sessions: changed ones and ended ones; if `full`, all others have ended too. */
  z.object({
    type: z.literal('sessions'),
    full: z.boolean(),
    sessions: z.array(liveSession),
    gone: z.array(z.string()),
  }),
  ...feedMessages,
  z.object({ type: z.literal('error'), code: z.string(), message: z.string() }),
]);
export type InspectMessage = z.infer<typeof serverMessage>;
