import type { Heard } from '../../clients/typescript/src/browser/mod.ts';
import type { EarReport, EchoState } from '../../machines/wire.ts';
import { rejectionWords } from '../rejection.ts';

/** What the server's ear makes of the microphone, as far as its messages say. */
export interface EarState {
  readonly speech: boolean;
  /** Of the reply in the air: `ducked` and `paused` are what sounds do to it until their words are known. */
  readonly playback: string;
  /** Who keeps the robot's own voice out; undefined without a session. */
  readonly echo?: EchoState | undefined;
  /** The server's last report. */
  readonly report?: EarReport;
  /** Why the last sound was not understood; empty after the next one. */
  readonly rejected: string;
}

export const QUIET_EAR: EarState = { speech: false, playback: 'playing', rejected: '' };

/** The ear after a message of the server; most messages change nothing. */
export function earAfter(ear: EarState, message: Heard): EarState {
  switch (message.type) {
    case 'speech':
      return {
        ...ear,
        speech: message.event === 'start',
        ...(message.event === 'start' && { rejected: '' }),
      };
    case 'playback':
      return { ...ear, playback: message.state };
    case 'reply.end':
      return { ...ear, playback: 'playing' };
    case 'transcript':
      if (!message.final) return ear;
      return {
        ...ear,
        rejected: message.rejected ? rejectionWords({ ...message.rejected, nearest: '' }) : '',
      };
    case 'ear':
      return { ...ear, report: message };
    case 'ready':
      return { ...QUIET_EAR, echo: ear.echo };
    default:
      return ear;
  }
}

const ECHO: Readonly<Record<EchoState, string>> = {
  cancelled: 'Echo cancelled by the browser',
  present: 'Echo cancelled by the server',
  unknown: 'Echo cancelled by the server',
};

/** What the ear decides now, in a few words; while it decides nothing, how probable speech is. */
export function earWords({ speech, playback, rejected, report }: EarState): string {
  if (playback === 'ducked')
    return speech ? 'Speech: the reply is softer' : 'Perhaps speech: the reply is softer';
  if (playback === 'paused') return speech ? 'Speech: the reply waits' : 'The reply waits for what was said';
  if (speech) return 'Hears speech';
  if (rejected !== '') return `Ignored: ${rejected}`;
  return report ? `Speech: ${Math.round(100 * report.speech)} %` : '';
}

/** Level, as the server measures it. */
export function levelWords({ report }: EarState): string {
  return report ? `${minus(report.levelDb)} dB` : '';
}

/** More than this share of what is heard during playback is another voice. */
const ANOTHER_VOICE = 0.5;

/** What becomes of the robot's own voice, and while it may be heard, what the server finds of it. */
export function echoWords({ echo, report }: EarState): string {
  if (!report?.echo) return echo === undefined ? '' : ECHO[echo];
  const { delayMs, removedDb, passed } = report.echo;
  if (delayMs === undefined) return 'Looks for the robot’s echo';
  const own = removedDb > 0 ? `own voice ${minus(-removedDb)} dB` : 'silent';
  return `Echo after ${delayMs} ms: ${passed > ANOTHER_VOICE ? 'another voice passes' : own}`;
}

function minus(decibels: number): string {
  return String(decibels).replace('-', '−');
}
