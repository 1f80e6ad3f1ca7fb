import type { ActionTerms } from '../../action-terms.ts';
import type { ErrorCode } from '../../errors.ts';
import type { SessionParameters } from '../../parameters.ts';
import type { SettingsChange } from '../../wire.ts';

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
  if (termsOf(name, parameters, settings).policy === 'refused') return 'ACTION_REFUSED';
  if (!allow.includes('*') && !allow.includes(name)) return 'ACTION_REFUSED';
  const tooMany = lasting >= MAX_LASTING && lifeOf(name, termsOf(name, parameters, settings)).lasting;
  return started >= maxPerReply || tooMany ? 'ACTION_LIMIT' : undefined;
}

/** The same for a behaviour, whose author allows what it does, as the author of a dialog does. */
export function behavioursOwn({
  offered: _,
  ...rules
}: SessionParameters['actions']): SessionParameters['actions'] {
  return { ...rules, allow: ['*'] };
}

/** Terms of the action `name`: as the configuration says, then as the tool of that name, else as the dialog. */
export function termsOf(
  name: string,
  { lasting, deadlinesMs, terms }: SessionParameters['actions'],
  { tools = [] }: Offer = {},
): ActionTerms {
  const tool = tools.find((one) => one.name === name);
  const first = own(terms, name);
  if (tool) return first ? { ...tool, ...first } : tool;
  const deadlineMs = own(deadlinesMs, name);
  return { ...own(lasting, name), ...(deadlineMs !== undefined && { deadlineMs }), ...first };
}

/** Whether the action may outlive its reply, and its group. Empty for one that ends with its reply. */
export function lifeOf(name: string, { whenInterrupted, group = name }: ActionTerms) {
  const lasting =
    whenInterrupted === 'cancel' ? undefined : whenInterrupted === 'detach' ? 'finish' : whenInterrupted;
  return { ...(lasting && { lasting }), ...((lasting || group !== name) && { group }) };
}

function own<Value>(of: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return of && Object.hasOwn(of, name) ? of[name] : undefined;
}
