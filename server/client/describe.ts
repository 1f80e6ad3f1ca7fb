import type { ServerMessage } from '../../machines/wire.ts';

/** A message of the server as one line for a person. */
export function describeMessage(message: ServerMessage): string {
  switch (message.type) {
    case 'ready':
      return `ready       session ${message.session}`;
    case 'state':
      return `state       ${message.value}`;
    case 'speech':
      return `speech      ${message.event}`;
    case 'transcript':
      return message.final ? `user        "${message.text}"` : `  hears     ${message.text}`;
    case 'reply':
      return `  says      ${message.text.trimEnd()}`;
    case 'reply.end':
      return `reply ends  ${message.reason}, heard: "${message.heard}"${describeTimings(message.timings)}`;
    case 'playback':
      return `playback    ${message.state}`;
    case 'flush':
      return `flush       generation ${message.generation}`;
    case 'viseme':
      return `  viseme    ${message.viseme} (${message.phoneme})`;
    case 'action':
      return `action      ${message.name} ${JSON.stringify(message.args)} ${message.status}`;
    case 'error':
      return `error       ${message.code}: ${message.message}`;
  }
}

/** The stages of a reply in parentheses; nothing for one that ended before its first. */
export function describeTimings(timings: object): string {
  const parts = Object.entries(timings).map(([stage, ms]) => `${stage} ${Math.round(Number(ms))}`);
  return parts.length > 0 ? ` (ms: ${parts.join(', ')})` : '';
}
