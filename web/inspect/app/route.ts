/** Side panel of a session. */
export const TABS = ['events', 'turns', 'transcript', 'context', 'replay', 'compare', 'wire'] as const;
export type Tab = (typeof TABS)[number];

/** What the address says: a session and a moment of it. Without a session, the list. */
export interface Route {
  readonly session?: string;
  /** Record of the moment; absent: the end, and with a live session, now. */
  readonly record?: number;
  readonly tab?: Tab;
}

/** Reads the fragment of an address and ignores unknown parts. */
export function readRoute(hash: string): Route {
  const params = new URLSearchParams(hash.replace(/^#/u, ''));
  const session = params.get('session');
  const record = params.get('event');
  const tab = TABS.find((one) => one === params.get('view'));
  return {
    ...(session ? { session } : {}),
    ...(record !== null && /^\d{1,9}$/u.test(record) ? { record: Number(record) } : {}),
    ...(tab ? { tab } : {}),
  };
}

/** The fragment of an address, with its `#`. */
export function writeRoute({ session, record, tab }: Route): string {
  if (session === undefined) return '#';
  const params = new URLSearchParams({ session });
  if (record !== undefined) params.set('event', String(record));
  if (tab !== undefined && tab !== 'events') params.set('view', tab);
  return `#${params}`;
}
