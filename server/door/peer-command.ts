import type { ClientCommand } from '../../actors/session/client-command.ts';
import { ERRORS, type ErrorRecord, ParleyError } from '../../machines/errors.ts';
import type { Door } from './door.ts';

/** Gives a command to a live session of this process. Throws SESSION_UNKNOWN, or the error with which the session refuses it. */
export function commandSession(door: Pick<Door, 'peer'>, session: string, command: ClientCommand): void {
  const peer = door.peer(session);
  if (!peer) throw new ParleyError('SESSION_UNKNOWN');
  const refusals: ErrorRecord[] = [];
  // A session answers a command that it refuses at once.
  const unwatch = peer.watch((message) => {
    if (message?.type === 'error') refusals.push(message);
  });
  peer.command(command);
  unwatch();
  const [refusal] = refusals;
  if (refusal) throw new ParleyError(refusal.code, detailOf(refusal));
}

function detailOf({ code, message }: ErrorRecord): string | undefined {
  const prefix = `${ERRORS[code]}: `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : undefined;
}
