import type { Heard } from '../../testing/conversation.ts';

/** The ordered log of what a client gets of a behaviour. */
export function robotLog(heard: readonly Heard[]): readonly string[] {
  return heard.flatMap((one) => {
    switch (one.type) {
      case 'reply.end':
        return one.reason === 'completed' ? `said: ${one.heard}` : `${one.reason} after: ${one.heard}`;
      case 'action':
        return `${one.name} ${one.status}`;
      case 'report':
        return `reports ${one.name}`;
      case 'error':
        return one.code;
      default:
        return [];
    }
  });
}
