import type { ErrorCode } from '../../errors.ts';
import type { SessionParameters } from '../../parameters.ts';
import type { ActionTerms, SettingsChange } from '../../wire.ts';

/** Reason why an action of the reply must not start. */
export type ActionRefusal = Extract<ErrorCode, 'ACTION_UNKNOWN' | 'ACTION_REFUSED' | 'ACTION_LIMIT'>;

type Offer = Pick<SettingsChange, 'tools' | 'toolChoice'>;

/** Maximum number of actions that outlive their replies at once. */
const MAX_LASTING = 16;

/**
 * Decides whether the reply may start the action `name` after `started` others, while `lasting` may outlive their replies;
 * undefined if so. Tools of the client are
 * offered besides the server's own; `none` offers nothing. The machine starts no
 * action that this refuses, and the invariants apply it to all started actions.
 */
export function actionRefusal(
  name: string,
  started: number,
  parameters: SessionParameters['actions'],
  settings: Offer = {},
  lasting = 0,
): ActionRefusal | undefined {
  const { allow, offered, maxPerReply } = parameters;
  const { tools = [], toolChoice } = settings;
  const known = !offered || offered.includes(name) || tools.some((tool) => tool.name === name);
  if (!known || toolChoice === 'none') return 'ACTION_UNKNOWN';
  if (!allow.includes('*') && !allow.includes(name)) return 'ACTION_REFUSED';
  const tooMany = lasting >= MAX_LASTING && lifeOf(name, termsOf(name, parameters, settings)).lasting;
  return started >= maxPerReply || tooMany ? 'ACTION_LIMIT' : undefined;
}

/** How long the action `name` may run: as the client's tool of that name says, else as the server's own. */
export function termsOf(
  name: string,
  { lasting, deadlinesMs }: SessionParameters['actions'],
  { tools = [] }: Offer = {},
): ActionTerms {
  const tool = tools.find((one) => one.name === name);
  if (tool) return tool;
  const deadlineMs = own(deadlinesMs, name);
  return { ...own(lasting, name), ...(deadlineMs !== undefined && { deadlineMs }) };
}

/** Whether the action may outlive its reply, and its group. Empty for one that ends with its reply. */
export function lifeOf(name: string, { whenInterrupted, group = name }: ActionTerms) {
  const lasting = whenInterrupted === 'cancel' ? undefined : whenInterrupted;
  return { ...(lasting && { lasting }), ...((lasting || group !== name) && { group }) };
}

function own<Value>(of: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return of && Object.hasOwn(of, name) ? of[name] : undefined;
}
