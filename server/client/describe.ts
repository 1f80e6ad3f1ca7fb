import type { Rejection, RejectionReason, ServerMessage } from '../../machines/wire.ts';

/** Formats a server message as one line of text. */
export function describeMessage(message: ServerMessage): string {
  switch (message.type) {
    case 'ready':
      return `ready       session ${message.session}`;
    case 'state':
      return `state       ${message.value}`;
    case 'speech':
      return `speech      ${message.event}`;
    case 'transcript':
      if (!message.final) return `  hears     ${message.text}`;
      return `user        "${message.text}"${message.rejected ? ` ${describeRejection(message.rejected)}` : ''}`;
    case 'reply':
      return `  says      ${message.text.trimEnd()}`;
    case 'emotion':
      return `  emotion   ${message.emotion}`;
    case 'reply.end':
      return `reply ends  ${message.reason}, heard: "${message.heard}"${describeTimings(message.timings)}`;
    case 'playback':
      return `playback    ${message.state}`;
    case 'flush':
      return `flush       generation ${message.generation}`;
    case 'attention':
      return `attention   ${message.state}`;
    case 'viseme':
      return `  viseme    ${message.viseme} (${message.phoneme})`;
    case 'action':
      return `action      ${message.name} ${JSON.stringify(message.args)} ${message.status}`;
    case 'report':
      return `report      ${message.name} ${JSON.stringify(message.data ?? {})}`;
    case 'hold':
      return `hold        ${message.held ? `perhaps "${message.phrase ?? ''}"` : 'goes on'}`;
    case 'ear':
      return `  ear       ${message.levelDb} dB, speech ${message.speech}`;
    case 'notice':
    case 'error':
      return `${message.type.padEnd(12)}${message.code}: ${message.message}`;
  }
}

/** Formats the reason why speech was rejected. */
export function describeRejection({ nearest, confidence, reason }: Rejection): string {
  const near = nearest === '' ? '' : `; nearest: "${nearest}", confidence ${confidence.toFixed(2)}`;
  return `(rejected: ${REASONS[reason]}${near})`;
}

const REASONS = {
  silence: 'only silence or steady noise',
  'no-phrase': 'no phrase of the dialog fits',
  unlike: 'too unlike any phrase of the dialog',
  'too-long': 'longer than any phrase of the dialog',
  invented: 'the recogniser seems to have made it up',
} as const satisfies Record<RejectionReason, string>;

/** The stages of a reply in parentheses; empty for a reply that ended before its first stage. */
export function describeTimings(timings: object): string {
  const parts = Object.entries(timings).map(([stage, ms]) => `${stage} ${Math.round(Number(ms))}`);
  return parts.length > 0 ? ` (ms: ${parts.join(', ')})` : '';
}
