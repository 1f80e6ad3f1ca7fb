import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { USER_ID } from '../../machines/user.ts';
import type { UpgradeRefusal } from './endpoint.ts';

/** Loopback names: host names that a browser may use for a server that only this machine can reach. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
/** An IP address literal, which DNS cannot redirect. */
const ADDRESS_LITERAL = /^(\d{1,3}(\.\d{1,3}){3}|\[[\da-f:.]+\])$/i;
/** Headers that a proxy adds to a request. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const;

export interface AccessOptions {
  /** Token that clients must present. Without one only this machine is served. */
  readonly token?: string | undefined;
  /** Serve other machines without a token. */
  readonly insecure?: boolean | undefined;
  /** Origins whose pages may connect besides the server's own, such as `https://robot.example`; `*` for any. */
  readonly allowedOrigins?: readonly string[] | undefined;
}

/** Checks whether a request may reach the server. */
export interface Access {
  /** Why a request must not reach any endpoint, judged by its origin, host and address; see docs/security.md. */
  refusal(request: IncomingMessage): UpgradeRefusal | undefined;
  /** Why a request must not reach pages that show other people's conversations. These need the token, which the endpoint checks, or a request from this machine.
   */
  operatorRefusal(request: IncomingMessage): UpgradeRefusal | undefined;
  /** True if this is the server's token, or if the server has none. */
  tokenAccepted(token: string | undefined): boolean;
  /**
   * Who may open a session with this token; undefined: nobody. The server's token speaks for any user that its holder
   * names, and a user's token for that user only.
   */
  visitor(token: string | undefined, user?: string): { readonly user?: string } | undefined;
}

export function accessOf({ token, insecure = false, allowedOrigins = [] }: AccessOptions): Access {
  const hosts = new Set(allowedOrigins.flatMap((origin) => hostOf(origin)?.host ?? []));
  const tokenAccepted = tokenCheck(token);
  const refused = (text: string): UpgradeRefusal => ({ status: 403, text });
  return {
    refusal(request) {
      const host = hostOf(`http://${request.headers.host ?? ''}`);
      if (token === undefined) {
        if (!insecure && !fromThisMachine(request))
          return refused('without a token only this machine is served; configure one');
        const ours = host && (isLoopback(host.hostname) || hosts.has(host.host));
        if (!ours && !(insecure && host && ADDRESS_LITERAL.test(host.hostname)))
          return refused('the server is asked for by a name that is not its own; see allowedOrigins');
      }
      if (!originAllowed(request.headers.origin, host, allowedOrigins))
        return refused('pages of this origin may not connect; see allowedOrigins');
      return undefined;
    },
    operatorRefusal: (request) =>
      token === undefined && !fromThisMachine(request)
        ? refused('without a token only this machine may look; configure one')
        : undefined,
    tokenAccepted,
    visitor(given, user) {
      if (tokenAccepted(given)) return user === undefined ? {} : { user };
      const owner = token === undefined ? undefined : ownerOf(given, token);
      return owner === undefined || (user !== undefined && user !== owner) ? undefined : { user: owner };
    },
  };
}

/** The token of one user: the user's id and its HMAC-SHA256 under the server's token. */
export function userToken(user: string, serverToken: string): string {
  return `${user}.${createHmac('sha256', serverToken).update(`parley user ${user}`).digest('base64url')}`;
}

/** The user whose token this is; undefined if it is none of this server's. */
function ownerOf(given: string | undefined, serverToken: string): string | undefined {
  const user = given?.slice(0, given.lastIndexOf('.')) ?? '';
  return USER_ID.test(user) && tokenCheck(userToken(user, serverToken))(given) ? user : undefined;
}

/** Compares tokens in constant time. */
function tokenCheck(expected: string | undefined): (given: string | undefined) => boolean {
  if (expected === undefined) return () => true;
  const wanted = digest(expected);
  return (given) => timingSafeEqual(digest(given ?? ''), wanted) && given !== undefined;
}

/** The token of `Authorization: Bearer …`. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer (.{1,1024})$/i.exec(headers.authorization ?? '')?.[1];
}

/** True for an address or host name that only this machine can reach. */
export function isLoopback(name: string): boolean {
  return LOOPBACK.test(name) || LOOPBACK.test(`[${name}]`);
}

/** True if the peer is on this machine and the request has no headers of a proxy. */
function fromThisMachine({ socket, headers }: IncomingMessage): boolean {
  return isLoopback(addressOf(socket)) && FORWARDED.every((name) => headers[name] === undefined);
}

/** The peer's address, with IPv4-mapped addresses as IPv4; empty if the connection is gone. */
export function addressOf(socket: { readonly remoteAddress?: string | undefined }): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:/u, '');
}

/** True if a page of this origin may connect. By default the page must come from the host it connects to. A request without `Origin` does not come from a page of another site.
 */
function originAllowed(
  origin: string | undefined,
  host: URL | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  const page = hostOf(origin);
  return page !== undefined && page.host !== '' && page.host === host?.host;
}

function hostOf(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

// The comparison needs equal lengths; digests have them.
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
