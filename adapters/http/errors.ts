import { inspect } from 'node:util';
import { z } from 'zod';
import { type ErrorCode, ParleyError } from '../../machines/errors.ts';

export interface ErrorContext {
  /** Code for a failure of the engine itself. */
  readonly failed: 'STT_FAILED' | 'LLM_FAILED' | 'TTS_FAILED' | 'MEMORY_FAILED';
  /** True once the call is cancelled: then every error is CANCELLED. */
  readonly cancelled: boolean;
  /** Keys, which must not appear in any message or cause. */
  readonly secret?: string | readonly string[] | undefined;
  /** Maps errors of a client library. Called first, with the error and then each of its causes. */
  readonly classify?: (error: Error) => Finding | undefined;
}

export interface Finding {
  readonly code: ErrorCode;
  readonly detail: string;
}

const DETAIL_CHARS = 200;

/** Codes of Node and OpenSSL for an unreachable server or a broken connection. */
const UNREACHABLE =
  /^(E(CONN|HOST|NET|ADDR|AI_|NOTFOUND|PIPE|TIMEDOUT|ACCES|PERM)|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|ERR_TLS|ERR_STREAM_PREMATURE_CLOSE)/;
/** Codes of Node's HTTP parser, of TLS and of `ws` for a violated protocol. */
const PROTOCOL = /^(HPE_|EPROTO$|ERR_SSL_|ERR_HTTP|ERR_INVALID_CHAR|WS_ERR_)/;

/** Converts an error of a request or its stream to one of the catalogue, with the original as `cause`. */
export function engineError(thrown: unknown, context: ErrorContext): ParleyError {
  const cause = withoutSecret(thrown, context.secret);
  if (context.cancelled) return new ParleyError('CANCELLED', undefined, { cause });
  let finding: Finding | undefined;
  for (const error of chain(thrown)) {
    if (error instanceof ParleyError) return error;
    if (error instanceof Refusal) finding ??= { code: error.code, detail: error.message };
    finding ??= context.classify?.(error) ?? ofSystem(error);
  }
  finding ??= { code: context.failed, detail: thrown instanceof Error ? thrown.message : String(thrown) };
  const detail = redact(finding.detail, context.secret).replace(/\s+/g, ' ').trim().slice(0, DETAIL_CHARS);
  return new ParleyError(finding.code, detail, { cause });
}

function ofSystem(error: Error): Finding | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (PROTOCOL.test(code)) return { code: 'ENGINE_PROTOCOL', detail: `${code} ${error.message}` };
  if (UNREACHABLE.test(code)) return { code: 'ENGINE_UNREACHABLE', detail: `${code} ${error.message}` };
  if (error instanceof SyntaxError) return { code: 'ENGINE_PROTOCOL', detail: 'invalid JSON' };
  if (error instanceof z.ZodError) return { code: 'ENGINE_PROTOCOL', detail: z.prettifyError(error) };
  return undefined;
}

/** The catalogue's code for an HTTP status that is not a success. */
export function codeOfStatus(status: number, failed: ErrorContext['failed']): ErrorCode {
  if (status === 429) return 'ENGINE_OVERLOADED';
  if (status >= 500) return failed;
  if (status >= 400) return 'ENGINE_REQUEST';
  return 'ENGINE_PROTOCOL';
}

/** A refusal with the server's own words; `engineError` keeps its code. They may contain the key, which it takes out. */
export class Refusal extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A refusal over HTTP. */
export class HttpRefusal extends Refusal {
  readonly status: number;
  /** The body, parsed if it is JSON. */
  readonly body: unknown;
  /** How long the server asks to wait, ms; undefined if it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    facts: { readonly status: number; readonly body: unknown; readonly retryAfterMs: number | undefined },
  ) {
    super(code, message);
    this.status = facts.status;
    this.body = facts.body;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** The error and its causes, outermost first. */
function* chain(thrown: unknown): Generator<Error> {
  const seen = new Set<unknown>();
  for (let error = thrown; error instanceof Error && !seen.has(error); error = error.cause) {
    seen.add(error);
    yield error;
    if (error instanceof AggregateError) yield* error.errors.filter((e) => e instanceof Error);
  }
}

function redact(text: string, secret: ErrorContext['secret']): string {
  return secretsOf(secret).reduce((shown, one) => shown.replaceAll(one, '***'), text);
}

function secretsOf(secret: ErrorContext['secret'] = []): readonly string[] {
  return (typeof secret === 'string' ? [secret] : secret).filter((one) => one !== '');
}

/** The same error, or a copy without the key if the key appears anywhere in it. */
function withoutSecret(thrown: unknown, secret: ErrorContext['secret']): unknown {
  const secrets = secretsOf(secret);
  if (secrets.length === 0) return thrown;
  // Everything a logger would print: messages, stacks, causes and fields.
  const shown = inspect(thrown, { depth: 8, maxStringLength: Infinity });
  if (!secrets.some((one) => shown.includes(one))) return thrown;
  const plain = new Error(redact(thrown instanceof Error ? thrown.message : String(thrown), secret));
  if (thrown instanceof Error) plain.name = thrown.name;
  return plain;
}
