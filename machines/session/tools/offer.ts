/** The tools that the server offers, besides those of the client. */
import type { RobotAction, SessionContext } from '../model.ts';

type Offering = Pick<SessionContext, 'settings' | 'tools'>;

/** All that is offered. Of two tools with one name the server's counts: a client cannot change what it may do. */
export function offerOf({
  settings = {},
  tools,
}: Offering): Pick<NonNullable<Offering['settings']>, 'tools' | 'toolChoice'> {
  if (!tools) return settings;
  const others = settings.tools?.filter(({ name }) => !tools.some((tool) => tool.name === name)) ?? [];
  return { ...settings, tools: [...tools, ...others] };
}

/** Whether the server runs it: one that runs stays its own, even if it offers the tool no more. */
export function isServers(
  { name, byServer }: Pick<RobotAction, 'name' | 'byServer'>,
  { tools }: Pick<Offering, 'tools'>,
): boolean {
  return byServer ?? tools?.some((tool) => tool.name === name) ?? false;
}
