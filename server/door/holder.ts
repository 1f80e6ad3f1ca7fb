import { ParleyError } from '../../machines/errors.ts';

/** Names of the endpoints that open sessions of their caller: what a token without a list of doors may use. */
const SESSION_DOORS: ReadonlySet<string> = new Set([
  'parley-v1',
  'openai-realtime',
  'chat-stream',
  'rosbridge',
]);

/** `inspect`: see everybody's conversations and figures. `control`: change what others get. */
export type Right = 'inspect' | 'control';

/** What the holder of a token may do. */
export interface Holder {
  /** The same for each token of this holder; secret if the token is. */
  readonly name: string;
  /** `any`: it is trusted to say who speaks. Otherwise its user, if it is a user's. */
  readonly speaksFor: 'any' | { readonly user?: string };
  /** Names of endpoints; undefined: those that open sessions. */
  readonly doors?: ReadonlySet<string> | 'all' | undefined;
  readonly rights: ReadonlySet<Right>;
}

/** Who holds a JSON Web Token. Rejects with UNAUTHORISED, or INTERNAL if the keys cannot be had now. */
export type JwtCheck = (token: string) => Promise<Holder>;

/** Who a session is for. */
export interface Caller {
  /** Of the `Holder`. */
  readonly name: string;
  readonly user?: string;
  /** Whom quotas count: the user, or the holder of a token of its own. Default: not counted. */
  readonly account?: string;
}

/** The server itself, for sessions whose protocol has no tokens. */
export const TRUSTED: Caller = { name: '' };

/** The holder of the server's token, and everybody who reaches a server without tokens. */
export function operator(name: string): Holder {
  return { name, speaksFor: 'any', doors: 'all', rights: new Set(['inspect', 'control']) };
}

/** The holder as the caller of an endpoint, for this user if one is named. Throws FORBIDDEN or UNAUTHORISED. */
export function callerOf(holder: Holder, door: string, user?: string): Caller {
  if (!mayEnter(holder, door)) throw new ParleyError('FORBIDDEN', `this token is not for ${door}`);
  const { name, speaksFor } = holder;
  if (speaksFor !== 'any' && user !== undefined && user !== speaksFor.user)
    throw new ParleyError('UNAUTHORISED', 'it is not a token of this user');
  const own = speaksFor === 'any' ? user : speaksFor.user;
  if (own !== undefined) return { name, user: own, account: own };
  return speaksFor === 'any' ? { name } : { name, account: name };
}

/** Whether the holder may use the endpoint of this name. */
export function mayEnter({ doors = SESSION_DOORS }: Holder, door: string): boolean {
  return doors === 'all' || doors.has(door);
}
