import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Bus } from '../../../actors/ports/bus.ts';
import type { InspectStore, SessionCursor } from '../../../actors/ports/inspect.ts';
import { subjects } from '../../../actors/subjects.ts';
import { ParleyError } from '../../../machines/errors.ts';
import type { Access } from '../../door/access.ts';
import type { HttpRoute } from '../../door/endpoint.ts';
import { jsonBody, onlyMethod, sendError, sendJson } from '../../door/http.ts';
import type { OpenSession } from '../../door/session-host.ts';
import type { Archive } from './archive.ts';
import { encode } from './bus-wire.ts';
import { sendExport } from './export.ts';
import type { Hub } from './hub.ts';
import {
  controlRequest,
  INSPECT_LIMITS,
  INSPECT_SESSIONS_PATH,
  type LiveSession,
  type SessionsPage,
  sessionId,
  sessionsPage,
} from './wire.ts';
import type { WireStreams } from './wire-stream.ts';

export interface InspectRoutesOptions {
  readonly bus: Bus;
  readonly hub: Hub;
  /** Returns a session that this server runs. */
  readonly local: (session: string) => Pick<OpenSession, 'command'> | undefined;
  readonly access: Access;
  readonly store: InspectStore | undefined;
  /** The source of a session's pages: this server's store, or the server that runs it. */
  readonly archiveOf: (session: string) => Promise<Archive>;
  /** Whether halt, interrupt and rearm may be sent. */
  readonly control: boolean;
  readonly streams: WireStreams;
}

const PAGE = '/inspect';
const MAX_BODY_BYTES = 1_024;
/** Turns per page. */
const TURNS = 1_000;

const whole = z.coerce.number().pipe(z.int().nonnegative());
const cursor = z
  .string()
  .max(300)
  .regex(/^[^~]+~[^~]+$/)
  .transform((text): SessionCursor => {
    const [startedAt = '', session = ''] = text.split('~');
    return { startedAt, session };
  });

export const listQuery = z.object({
  state: z.string().max(200).exactOptional(),
  text: z.string().min(1).max(200).exactOptional(),
  error: z.string().min(1).max(60).exactOptional(),
  before: cursor.exactOptional(),
  limit: whole.pipe(z.int().min(1).max(INSPECT_LIMITS.sessions)).default(100),
});
export const pageQuery = z.object({
  from: whole.default(0),
  limit: whole.pipe(z.int().min(1)).default(Number.MAX_SAFE_INTEGER),
  format: z.enum(['file']).exactOptional(),
  audio: z.enum(['0', '1']).default('0'),
});

/** The HTTP endpoints of the inspector; see docs/how-to/debug.md. */
export function inspectRoutes(options: InspectRoutesOptions): HttpRoute {
  return (request, response, path, keep) => {
    if (path === PAGE) {
      // With the slash, relative URLs of the page resolve correctly.
      response.writeHead(308, { Location: `${PAGE}/` }).end();
      return true;
    }
    if (path !== INSPECT_SESSIONS_PATH && !path.startsWith(`${INSPECT_SESSIONS_PATH}/`)) return false;
    const below = path.slice(INSPECT_SESSIONS_PATH.length + 1);
    answer(options, request, response, below, keep).catch((thrown: unknown) => sendError(response, thrown));
    return true;
  };
}

async function answer(
  options: InspectRoutesOptions,
  request: IncomingMessage,
  response: ServerResponse,
  below: string,
  keep: () => void,
): Promise<void> {
  const { access } = options;
  const [session, what, ...more] = below.split('/');
  await access.permit(request, what === 'control' ? 'control' : 'inspect');
  const method = what === 'control' ? 'POST' : 'GET';
  if (!onlyMethod(method, request, response)) return;
  if (below === '') return sendJson(response, 200, await list(options, queryOf(request, listQuery)));
  if (!sessionId.safeParse(session).success || session === undefined || more.length > 0)
    throw new ParleyError('SESSION_UNKNOWN', 'invalid session id');
  switch (what) {
    case 'journal': {
      const { from, limit, format, audio } = queryOf(request, pageQuery);
      const archive = await options.archiveOf(session);
      if (format === 'file') return sendExport(response, archive, session, audio === '1');
      return sendJson(
        response,
        200,
        await archive.journal(session, from, Math.min(limit, INSPECT_LIMITS.records)),
      );
    }
    case 'turns':
      return sendJson(response, 200, { turns: await allTurns(await options.archiveOf(session), session) });
    case 'audio': {
      const { from, limit } = queryOf(request, pageQuery);
      const archive = await options.archiveOf(session);
      return sendJson(
        response,
        200,
        await archive.audio(session, from, Math.min(limit, INSPECT_LIMITS.pieces)),
      );
    }
    case 'wire':
      if (!options.local(session))
        throw new ParleyError('SESSION_UNKNOWN', 'no session of that id lives in this server');
      return options.streams.send(response, session, keep);
    case 'control':
      return control(options, request, response, session);
    default:
      throw new ParleyError('SESSION_UNKNOWN', 'a session has journal, turns, audio, wire and control');
  }
}

async function list(
  { hub, store }: InspectRoutesOptions,
  { state, text, error, before, limit }: z.infer<typeof listQuery>,
): Promise<SessionsPage> {
  const all = await hub.live();
  const states = state?.split(',').filter((name) => name !== '');
  const wanted = (['open', 'ended', 'incomplete'] as const).filter((one) => states?.includes(one));
  const none = store === undefined || (states !== undefined && wanted.length === 0);
  const past = none
    ? []
    : await store.overviews({
        limit: limit + 1,
        except: all.map(({ session }) => session),
        ...(states && { status: wanted }),
        ...(before && { before }),
        ...(text !== undefined && { text }),
        ...(error !== undefined && { error }),
      });
  const live = before ? [] : all.filter((one) => matches(one, states, text, error));
  const last = past.length > limit ? past[limit - 1] : undefined;
  return sessionsPage.parse({
    live,
    past: past.slice(0, limit),
    next: last ? `${last.startedAt}~${last.session}` : null,
  });
}

function matches(
  { session, state, lastText = '', errors, lastError }: LiveSession,
  states: readonly string[] | undefined,
  text: string | undefined,
  error: string | undefined,
): boolean {
  const found = (where: string) => where.toLowerCase().includes((text ?? '').toLowerCase());
  const failed = error === undefined || (error === 'any' ? errors > 0 : lastError === error);
  return (states?.includes(state) ?? true) && (found(session) || found(lastText)) && failed;
}

async function allTurns(archive: Archive, session: string) {
  const turns = [];
  for (let from: number | null = 0; from !== null; ) {
    const page: Awaited<ReturnType<Archive['turns']>> = await archive.turns(session, from, TURNS);
    turns.push(...page.turns);
    from = page.next;
  }
  return turns;
}

async function control(
  { bus, hub, local, control: allowed }: InspectRoutesOptions,
  request: IncomingMessage,
  response: ServerResponse,
  session: string,
): Promise<void> {
  if (!allowed) throw new ParleyError('FORBIDDEN', 'this inspector only looks; see inspect.control');
  const parsed = controlRequest.safeParse(await jsonBody(request, MAX_BODY_BYTES));
  if (!parsed.success) throw new ParleyError('BAD_FIELD', 'command must be halt, interrupt or rearm');
  const { command } = parsed.data;
  const own = local(session);
  // A session of this server is commanded directly: a stop must not depend on the bus.
  if (own) own.command({ type: command });
  else if ((await hub.serverOf(session)) === undefined)
    throw new ParleyError('SESSION_UNKNOWN', 'no session of that id lives');
  else bus.publish(subjects.cmd(session), encode({ type: command }));
  sendJson(response, 202, { sent: command });
}

function queryOf<Schema extends z.ZodType>(request: IncomingMessage, schema: Schema): z.infer<Schema> {
  const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const parsed = schema.safeParse(Object.fromEntries([...searchParams].filter(([, value]) => value !== '')));
  if (!parsed.success) throw new ParleyError('BAD_FIELD', z.prettifyError(parsed.error));
  return parsed.data;
}
