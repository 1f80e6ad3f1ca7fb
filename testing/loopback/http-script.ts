import type { ServerResponse } from 'node:http';
import type { Clock } from '../../machines/clock.ts';
import { pause } from './clock.ts';

/** One thing that a loopback HTTP server does in answer to a request. What follows `hang`, `reset` or `close` is not reached. */
export type HttpStep =
  | { readonly do: 'wait'; readonly ms: number }
  /** Status line and headers. Without it, the first `send` answers 200 with no content type. */
  | { readonly do: 'head'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly do: 'send'; readonly bytes: Uint8Array | string }
  /** Past HTTP, straight onto the connection. */
  | { readonly do: 'raw'; readonly bytes: Uint8Array | string }
  | { readonly do: 'end' }
  /** Says no more, and keeps the connection open until the client closes it. */
  | { readonly do: 'hang' }
  /** Breaks the connection with a TCP reset. */
  | { readonly do: 'reset' }
  /** Closes the connection in the ordinary way (FIN), wherever the answer is. */
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

/** A write that failed because the client left is the client's affair. */
function write(start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => start(() => resolve()));
}

/** A whole answer at once. */
export function answer(status: number, contentType: string, body: string | Uint8Array): HttpStep[] {
  return [
    { do: 'head', status, headers: { 'content-type': contentType } },
    { do: 'send', bytes: body },
    { do: 'end' },
  ];
}

/** An error answer in the shape that OpenAI gives it. */
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

/** The first `sends` pieces of the body, and then `instead`: a server that breaks off in mid-stream. */
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
