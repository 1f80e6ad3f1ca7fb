import type { IncomingMessage } from 'node:http';
import { isLoopback, type OriginPolicy, originAllowed } from '../../gateway/origin.ts';
import { tokenCheck } from '../../gateway/token.ts';

export interface AccessOptions {
  /** The server's. Without one only this machine may look. */
  readonly token: string | undefined;
  /** Address that the server listens on. */
  readonly address: string;
  readonly allowedOrigins: readonly string[];
}

export interface Refused {
  readonly code: 'FORBIDDEN' | 'UNAUTHORISED';
  readonly message: string;
}

/** Who may use the inspector: what it shows are other people's conversations. */
export interface Access {
  /** Why a request must not even be looked at: where it comes from. */
  origin(request: IncomingMessage): Refused | undefined;
  /** Why a token, or its absence, is not enough. */
  token(token: string | undefined): Refused | undefined;
}

export function accessOf({ token, address, allowedOrigins }: AccessOptions): Access {
  const accepted = tokenCheck(token);
  const policy: OriginPolicy = { allowed: allowedOrigins, loopbackOnly: isLoopback(address) };
  return {
    origin(request) {
      if (!originAllowed(request, policy))
        return { code: 'FORBIDDEN', message: 'pages of this origin may not look; see allowedOrigins' };
      // A page's own GET names no origin: a foreign name that was made to resolve to this machine shows in the host.
      if (policy.loopbackOnly && allowedOrigins.length === 0 && !hostIsLoopback(request.headers.host))
        return { code: 'FORBIDDEN', message: 'the server is asked for by a name that is not its own' };
      if (token === undefined && !fromThisMachine(request))
        return { code: 'FORBIDDEN', message: 'without a token only this machine may look; configure one' };
      return undefined;
    },
    token: (given) =>
      accepted(given) ? undefined : { code: 'UNAUTHORISED', message: 'the token is not accepted' },
  };
}

/** The token of `Authorization: Bearer …`. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer (.{1,1024})$/i.exec(headers.authorization ?? '')?.[1];
}

function hostIsLoopback(host: string | undefined): boolean {
  const url = `http://${host ?? ''}`;
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return isLoopback(hostname.replace(/^\[|\]$/gu, ''));
}

function fromThisMachine({ socket }: IncomingMessage): boolean {
  return isLoopback((socket.remoteAddress ?? '').replace(/^::ffff:/u, ''));
}
