import { inspect } from 'node:util';
import { z } from 'zod';
import { type ErrorCode, ParleyError } from '../../machines/errors.ts';

export interface ErrorContext {
  /** What a failure is called that is the engine's own. */
  readonly failed: 'STT_FAILED' | 'LLM_FAILED' | 'TTS_FAILED';
  /** True once nobody wants the result: then every error is CANCELLED. */
  readonly cancelled: boolean;
  /** The key, which must not be seen in any message or cause. */
  readonly secret?: string | undefined;
  /** Knows the errors of a client library. Asked first, about the error and then each of its causes. */
  readonly classify?: (error: Error) => Finding | undefined;
}

export interface Finding {
  readonly code: ErrorCode;
  readonly detail: string;
}

const DETAIL_CHARS = 200;

/** Codes of Node and OpenSSL that mean: nobody there, or the connection broke. */
const UNREACHABLE =
  /^(E(CONN|HOST|NET|ADDR|AI_|NOTFOUND|PIPE|TIMEDOUT|ACCES|PERM)|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|ERR_TLS|ERR_STREAM_PREMATURE_CLOSE)/;
/** Codes of Node's HTTP parser, of TLS and of `ws` that mean: that was not the protocol. */
const PROTOCOL = /^(HPE_|EPROTO$|ERR_SSL_|ERR_HTTP|ERR_INVALID_CHAR|WS_ERR_)/;

/** Turns whatever a request or its stream threw into the catalogue's error, with the original as `cause`. */
export function engineError(thrown: unknown, context: ErrorContext): ParleyError {
  const cause = withoutSecret(thrown, context.secret);
  if (context.cancelled) return new ParleyError('CANCELLED', undefined, { cause });
  let finding: Finding | undefined;
  for (const error of chain(thrown)) {
    if (error instanceof ParleyError) return error;
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

/** The error and its causes, outermost first. */
function* chain(thrown: unknown): Generator<Error> {
  const seen = new Set<unknown>();
  for (let error = thrown; error instanceof Error && !seen.has(error); error = error.cause) {
    seen.add(error);
    yield error;
    if (error instanceof AggregateError) yield* error.errors.filter((e) => e instanceof Error);
  }
}

function redact(text: string, secret: string | undefined): string {
  return secret ? text.replaceAll(secret, '***') : text;
}

/** The same error, unless it shows the key anywhere: then a plain one that says the same without it. */
function withoutSecret(thrown: unknown, secret: string | undefined): unknown {
  if (!secret) return thrown;
  // What a logger would print of it: messages, stacks, causes and fields.
  if (!inspect(thrown, { depth: 8, maxStringLength: Infinity }).includes(secret)) return thrown;
  const plain = new Error(redact(thrown instanceof Error ? thrown.message : String(thrown), secret));
  if (thrown instanceof Error) plain.name = thrown.name;
  return plain;
}
