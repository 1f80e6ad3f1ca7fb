import * as z from 'zod/mini';
import type { JournalHeader, JournalRecord } from '../../machines/journal/record.ts';
import {
  type AudioPage,
  audioPage,
  type ControlCommand,
  INSPECT_SESSIONS_PATH,
  type JournalPage,
  journalPage,
  refusal,
  type SessionsPage,
  sessionsPage,
  type TurnsPage,
  turnsPage,
} from '../../server/endpoints/inspect/wire.ts';

// The page's security policy forbids code made from strings, which zod would otherwise probe for.
z.config({ jitless: true });

/** Query for the list of sessions; see `GET /v1/inspect/sessions` in docs/how-to/debug.md. */
export interface SessionsQuery {
  /** Public states of live sessions, and `open`, `ended`, `incomplete` of past ones. */
  readonly state?: readonly string[];
  /** Text to find in the id, the user's words or the replies. */
  readonly text?: string;
  /** An error code, or `any`. */
  readonly error?: string;
  /** `next` of the page before. */
  readonly before?: string;
  readonly limit?: number;
}

/** A page of a journal, its header in the machine's own terms. */
export interface LoadedJournal extends Omit<JournalPage, 'header' | 'records'> {
  readonly header: JournalHeader;
  readonly records: readonly JournalRecord[];
}

/** The server refused, or could not be reached (`code` `SERVER_UNREACHABLE`). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  /** Of HTTP; 0 if there was no answer. */
  readonly status: number;

  constructor(code: string, message: string, status: number, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

/** The inspector's HTTP endpoints. Everything rejects with ApiError; an abort rejects with the signal's reason. */
export class InspectorApi {
  readonly #origin: string;
  /** The server's token; empty if it has none. */
  token: string;

  constructor(origin: string = location.origin, token = '') {
    this.#origin = origin;
    this.token = token;
  }

  async sessions(query: SessionsQuery = {}, signal?: AbortSignal): Promise<SessionsPage> {
    const { state, ...others } = query;
    return this.#get(sessionsPage, '', { ...others, state: state?.join(',') }, signal);
  }

  /** A page of a session's journal, from record `from` on. SESSION_UNKNOWN if no server has it. */
  async journal(
    session: string,
    from = 0,
    options: { limit?: number; signal?: AbortSignal } = {},
  ): Promise<LoadedJournal> {
    const query = { from, limit: options.limit };
    const page = await this.#get(journalPage, path(session, 'journal'), query, options.signal);
    // The recording version defines parameters and input, as in a journal's file.
    return { ...page, header: page.header as typeof page.header & JournalHeader };
  }

  /** The journal as the JSON-lines file that `parley journal import` and the page itself take. */
  async exportFile(session: string, options: { audio?: boolean; signal?: AbortSignal } = {}): Promise<Blob> {
    const query = { format: 'file', audio: options.audio ? '1' : undefined };
    const response = await this.#fetch(path(session, 'journal'), query, options.signal);
    return response.blob();
  }

  async turns(session: string, signal?: AbortSignal): Promise<TurnsPage> {
    return this.#get(turnsPage, path(session, 'turns'), {}, signal);
  }

  /** Pieces of recorded audio, in the order of recording; empty if none was recorded. */
  async audio(session: string, from = 0, signal?: AbortSignal): Promise<AudioPage> {
    return this.#get(audioPage, path(session, 'audio'), { from }, signal);
  }

  /** Calls `onText` with pieces of the text that lists what goes over the wire at the session's door, until `signal` or its end. */
  async wire(session: string, signal: AbortSignal, onText: (text: string) => void): Promise<void> {
    const { body } = await this.#fetch(path(session, 'wire'), {}, signal);
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read())
      onText(piece.value);
  }

  /** Resolves when the command was sent to the session. FORBIDDEN unless the server allows it (`inspect.control`). */
  async control(session: string, command: ControlCommand): Promise<void> {
    const body = JSON.stringify({ command });
    await this.#fetch(path(session, 'control'), {}, undefined, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json' },
    });
  }

  async #get<Schema extends z.core.$ZodType>(
    schema: Schema,
    below: string,
    query: Query,
    signal?: AbortSignal,
  ): Promise<z.infer<Schema>> {
    const response = await this.#fetch(below, query, signal);
    const parsed = z.safeParse(schema, await jsonOf(response));
    if (parsed.success) return parsed.data;
    throw new ApiError('BAD_MESSAGE', 'the server answered something else than expected', response.status, {
      cause: parsed.error,
    });
  }

  async #fetch(below: string, query: Query, signal?: AbortSignal, init: RequestInit = {}): Promise<Response> {
    const url = new URL(`${INSPECT_SESSIONS_PATH}${below}`, this.#origin);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const headers = new Headers(init.headers);
    if (this.token !== '') headers.set('Authorization', `Bearer ${this.token}`);
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers, cache: 'no-store', ...(signal && { signal }) });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new ApiError('SERVER_UNREACHABLE', 'the server cannot be reached', 0, { cause });
    }
    if (response.ok) return response;
    const parsed = z.safeParse(refusal, await jsonOf(response));
    const { code, message } = parsed.success
      ? parsed.data.error
      : { code: 'INTERNAL', message: `the server answered ${response.status}` };
    throw new ApiError(code, message, response.status);
  }
}

type Query = Readonly<Record<string, string | number | undefined>>;

function path(session: string, what: string): string {
  return `/${encodeURIComponent(session)}/${what}`;
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined; // the schema refuses it
  }
}
