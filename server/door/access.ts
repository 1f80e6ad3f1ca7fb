import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { UpgradeRefusal } from './endpoint.ts';

/** Loopback names: what a browser may call a server that only this machine can reach. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
/** An address instead of a name, which DNS cannot point elsewhere. */
const ADDRESS_LITERAL = /^(\d{1,3}(\.\d{1,3}){3}|\[[\da-f:.]+\])$/i;
/** Headers that a proxy adds. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const;

export interface AccessOptions {
  /** What clients must present. Without one only this machine is served. */
  readonly token?: string | undefined;
  /** Serve other machines without a token. */
  readonly insecure?: boolean | undefined;
  /** Origins whose pages may connect besides the server's own, such as `https://robot.example`; `*` for any. */
  readonly allowedOrigins?: readonly string[] | undefined;
}

/** Who may talk to the server. */
export interface Access {
  /** Why a request must not reach any endpoint, by where it comes from and what it asks for; see docs/security.md. */
  refusal(request: IncomingMessage): UpgradeRefusal | undefined;
  /**
   * Why a request must not see what shows other people's conversations: that needs the token, which is the endpoint's to
   * check, or else to come from this machine.
   */
  operatorRefusal(request: IncomingMessage): UpgradeRefusal | undefined;
  /** Whether that is the server's token; always, if the server has none. */
  tokenAccepted(token: string | undefined): boolean;
}

export function accessOf({ token, insecure = false, allowedOrigins = [] }: AccessOptions): Access {
  const hosts = new Set(allowedOrigins.flatMap((origin) => hostOf(origin)?.host ?? []));
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
    tokenAccepted: tokenCheck(token),
  };
}

/** Checks a token in a time that does not depend on where, or whether, it differs. */
export function tokenCheck(expected: string | undefined): (given: string | undefined) => boolean {
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

/** Whether the other end of the connection is on this machine and says nothing of having passed the request on. */
export function fromThisMachine({ socket, headers }: IncomingMessage): boolean {
  return isLoopback(addressOf(socket)) && FORWARDED.every((name) => headers[name] === undefined);
}

/** The address of a connection's other end, an IPv4 one as such; empty if it is gone. */
export function addressOf(socket: { readonly remoteAddress?: string | undefined }): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:/u, '');
}

/**
 * Whether a page of this origin may connect. A request without `Origin` does not come from a page of another site. By
 * default the page must come from the host that it connects to.
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

// Digests have one length, as the comparison needs.
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
