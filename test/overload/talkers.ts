import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { realClock } from '../../adapters/real-clock.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate } from '../../machines/audio.ts';
import { ParleyError } from '../../machines/errors.ts';
import type { ServerMessage } from '../../machines/wire.ts';
import { VoiceClient } from '../../server/client/voice-client.ts';
import { NO_STALLS, type Stalls, stallsOf, together } from './stalls.ts';

export interface TalkersPlan {
  readonly url: string;
  readonly token: string;
  readonly talkers: number;
  /** Time after which no turn begins, in ms since the start. */
  readonly talkMs: number;
  /** File with the spoken words, PCM16LE at 16 kHz. */
  readonly speechFile: string;
}

/** What happened, each kind with how often. */
export interface TalkersReport {
  readonly admitted: number;
  /** Attempts that were refused, by error code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Ends of turns: `completed`, `failed CODE`, `interrupted`, `closed CODE`, or `unanswered`. */
  readonly turns: Readonly<Record<string, number>>;
  readonly playback: Stalls;
  /** How late this process itself was at most, ms: the arrivals of its frames are not more exact than that. */
  readonly ownLateMs: number;
}

/** A turn without reply or error for this long is unanswered: more than all deadlines of the server together. */
const ANSWER_MS = 40_000;
const RETRY_MS = 2_000;
/** The talkers begin within this time. */
const RAMP_MS = 2_000;
/** Of the measurement of this process's own lateness. */
const RESOLUTION_MS = 10;

/** Real clients that talk all the time: a refused client comes again. */
export async function talkers(plan: TalkersPlan): Promise<TalkersReport> {
  const endMs = realClock.nowMs() + plan.talkMs;
  const own = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  own.enable();
  const refused = new Map<string, number>();
  const turns = new Map<string, number>();
  let admitted = 0;
  let playback = NO_STALLS;
  const file = readFileSync(plan.speechFile);
  const words: Pcm<PipelineRate> = {
    rate: PIPELINE_RATE,
    samples: new Int16Array(Uint8Array.from(file).buffer),
  };

  async function talker(index: number): Promise<void> {
    await pause((RAMP_MS * index) / plan.talkers);
    while (realClock.nowMs() < endMs) {
      const client = await enter();
      if (!client) await pause(RETRY_MS);
      else {
        admitted += 1;
        while (realClock.nowMs() < endMs && (await turn(client)));
        await client.close();
        playback = together(playback, stallsOf(client.frames));
      }
    }
  }

  async function enter(): Promise<VoiceClient | undefined> {
    try {
      return await VoiceClient.connect({ url: plan.url, token: plan.token, clock: realClock });
    } catch (error) {
      count(refused, error instanceof ParleyError ? reasonOf(error) : String(error));
      return undefined;
    }
  }

  /** Resolves with false when the connection is closed. */
  async function turn(client: VoiceClient): Promise<boolean> {
    const since = client.arrivals.length;
    await client.say(words);
    await client.waitFor(endsTurn, { since, timeoutMs: ANSWER_MS });
    const arrived = client.arrivals.slice(since).map(({ message }) => message);
    const outcome = outcomeOf(arrived);
    count(turns, outcome);
    if (outcome.startsWith('closed')) return false;
    await client.wait(300);
    return true;
  }

  await Promise.all(Array.from({ length: plan.talkers }, (_, index) => talker(index)));
  own.disable();
  return {
    ...{ admitted, playback, ownLateMs: own.max / 1e6 - RESOLUTION_MS },
    ...{ refused: Object.fromEntries(refused), turns: Object.fromEntries(turns) },
  };
}

/** The code of the error, and how the server was out of reach. */
function reasonOf({ code, message }: ParleyError): string {
  return code === 'SERVER_UNREACHABLE' ? `${code} ${message.replace(/^.*?127\.0\.0\.1:\d+/u, '')}` : code;
}

function endsTurn(message: ServerMessage): boolean {
  return message.type === 'reply.end' || (message.type === 'error' && message.fatal);
}

function outcomeOf(arrived: readonly ServerMessage[]): string {
  const error = arrived.findLast((message) => message.type === 'error');
  if (error?.fatal) return `closed ${error.code}`;
  const end = arrived.find((message) => message.type === 'reply.end');
  if (!end) return 'unanswered';
  return end.reason === 'failed' ? `failed ${error?.code}` : end.reason;
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => realClock.setTimer(ms, resolve));
}
