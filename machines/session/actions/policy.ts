import type { ErrorCode } from '../../errors.ts';
import type { SessionParameters } from '../../parameters.ts';
import type { SettingsChange } from '../../wire.ts';

/** Reason why an action of the reply must not start. */
export type ActionRefusal = Extract<ErrorCode, 'ACTION_UNKNOWN' | 'ACTION_REFUSED' | 'ACTION_LIMIT'>;

/**
 * Decides whether the reply may start the action `name` after `started` others; undefined if so. Tools of the client are
 * offered besides the server's own; `none` offers nothing. The machine starts no
 * action that this refuses, and the invariants apply it to all started actions.
 */
export function actionRefusal(
  name: string,
  started: number,
  { allow, offered, maxPerReply }: SessionParameters['actions'],
  { tools = [], toolChoice }: Pick<SettingsChange, 'tools' | 'toolChoice'> = {},
): ActionRefusal | undefined {
  const known = !offered || offered.includes(name) || tools.some((tool) => tool.name === name);
  if (!known || toolChoice === 'none') return 'ACTION_UNKNOWN';
  if (!allow.includes('*') && !allow.includes(name)) return 'ACTION_REFUSED';
  return started >= maxPerReply ? 'ACTION_LIMIT' : undefined;
}
