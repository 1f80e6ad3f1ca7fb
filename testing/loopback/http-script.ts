import type { ServerResponse } from 'node:http';
import type { Clock } from '../../machines/clock.ts';
import { pause } from './clock.ts';

/** One step of a loopback HTTP server's answer. Steps after `hang`, `reset` or `close` are not reached. */
export type HttpStep =
  | { readonly do: 'wait'; readonly ms: number }
  /** Status line and headers. Without it, the first `send` answers 200 with no content type. */
  | { readonly do: 'head'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly do: 'send'; readonly bytes: Uint8Array | string }
  /** Raw bytes, written to the connection without HTTP framing. */
  | { readonly do: 'raw'; readonly bytes: Uint8Array | string }
  | { readonly do: 'end' }
  /** Sends no more, and keeps the connection open until the client closes it. */
  | { readonly do: 'hang' }
  /** Breaks the connection with a TCP reset. */
  | { readonly do: 'reset' }
  /** Closes the connection normally (FIN), at any point of the answer. */
  | { readonly do: 'close' };

/** Carries out `steps` in order; ends early when the client goes away (`gone`). */
export async function playHttp(
  steps: readonly HttpStep[],
  response: ServerResponse,
  clock: Clock,
  gone: AbortSignal,
): Promise<void> {
  for (const step of steps) {
    if (gone.aborted) return;
    switch (step.do) {
      case 'wait':
        await pause(clock, step.ms, gone);
        break;
      case 'head':
        response.writeHead(step.status, step.headers ?? {});
        response.flushHeaders();
        break;
      case 'send':
        await write((done) => response.write(step.bytes, done));
        break;
      case 'raw':
        await write((done) => {
          if (!response.socket) return done();
          response.socket.write(step.bytes, () => done());
        });
        break;
      case 'end':
        response.end();
        break;
      case 'hang':
        return;
      case 'reset':
        response.socket?.resetAndDestroy();
        return;
      case 'close':
        response.socket?.destroy();
        return;
      default:
        step satisfies never;
    }
  }
}

/** A write that failed because the client left is ignored. */
function write(start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => start(() => resolve()));
}

/** A complete answer in one step. */
export function answer(status: number, contentType: string, body: string | Uint8Array): HttpStep[] {
  return [
    { do: 'head', status, headers: { 'content-type': contentType } },
    { do: 'send', bytes: body },
    { do: 'end' },
  ];
}

/** An error answer in OpenAI's format. */
export function errorAnswer(status: number, message: string): HttpStep[] {
  return answer(
    status,
    'application/json',
    JSON.stringify({ error: { message, type: 'error', code: null } }),
  );
}

/** The steps with a pause before each `send`: a slow trickle. */
export function trickle(steps: readonly HttpStep[], everyMs: number): HttpStep[] {
  return steps.flatMap((step): HttpStep[] =>
    step.do === 'send' ? [{ do: 'wait', ms: everyMs }, step] : [step],
  );
}

/** The first `sends` pieces of the body, followed by `instead`: a server that breaks off in mid-stream. */
export function breakOff(steps: readonly HttpStep[], sends: number, instead: HttpStep): HttpStep[] {
  const kept: HttpStep[] = [];
  let left = sends;
  for (const step of steps) {
    if (step.do === 'send' && left-- === 0) break;
    if (step.do === 'end') break;
    kept.push(step);
  }
  return [...kept, instead];
}
