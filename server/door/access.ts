import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { ParleyError } from '../../machines/errors.ts';
import { USER_ID } from '../../machines/user.ts';
import type { UpgradeRefusal } from './endpoint.ts';
import {
  type Caller,
  callerOf,
  type Holder,
  type JwtCheck,
  mayEnter,
  operator,
  type Right,
} from './holder.ts';

/** Loopback names: host names that a browser may use for a server that only this machine can reach. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;
/** An IP address literal, which DNS cannot redirect. */
const ADDRESS_LITERAL = /^(\d{1,3}(\.\d{1,3}){3}|\[[\da-f:.]+\])$/i;
/** Headers that a proxy adds to a request. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'] as const;

export interface AccessOptions {
  /** Token that clients may present. Without one, and without `jwt`, only this machine is served. */
  readonly token?: string | undefined;
  /** Checks other tokens. Default: none are accepted. */
  readonly jwt?: JwtCheck | undefined;
  /** Serve other machines without a token. */
  readonly insecure?: boolean | undefined;
  /** Origins whose pages may connect besides the server's own, such as `https://robot.example`; `*` for any. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Origins whose pages may, without a token, also see other people's conversations and command their sessions. */
  readonly operatorOrigins?: readonly string[] | undefined;
}

/** Checks whether a request may reach the server. */
export interface Access {
  /** Why a request must not reach any endpoint, judged by its origin, host and address; see docs/how-to/secure.md. */
  refusal(request: IncomingMessage): UpgradeRefusal | undefined;
  /** Why a request must not reach pages that show other people's conversations. These need a token with a right, or a request from this machine.
   */
  operatorRefusal(request: IncomingMessage): UpgradeRefusal | undefined;
  /**
   * What the holder of this token may do. Rejects with UNAUTHORISED, or INTERNAL if it cannot be checked now. The
   * server's token speaks for any user that its holder names, and may do everything; a user's token speaks for that
   * user only, and a JSON Web Token for the user and the rights in it.
   */
  holder(token: string | undefined): Promise<Holder>;
  /** Who comes to the endpoint of this name, for this user if one is named. Rejects like `holder`, or with FORBIDDEN. */
  caller(token: string | undefined, door: string, user?: string): Promise<Caller>;
  /** Rejects with FORBIDDEN or UNAUTHORISED unless the request has one of these rights, or may use one of these doors. */
  permit(request: IncomingMessage, ...anyOf: readonly (Right | { readonly door: string })[]): Promise<void>;
}

export function accessOf(options: AccessOptions): Access {
  const { token, jwt, insecure = false } = options;
  const operatorOrigins = (options.operatorOrigins ?? []).map(originOf);
  const allowedOrigins = [...(options.allowedOrigins ?? []).map(originOf), ...operatorOrigins];
  const hosts = new Set(allowedOrigins.flatMap((origin) => hostOf(origin)?.host ?? []));
  const isOpen = token === undefined && jwt === undefined;
  const isServers = tokenCheck(token);
  const refused = (text: string): UpgradeRefusal => ({ status: 403, text });
  const operatorRefusal = (request: IncomingMessage) => {
    if (!isOpen) return undefined;
    if (!fromThisMachine(request))
      return refused('without a token only this machine may look; configure one');
    const { origin } = request.headers;
    if (origin === undefined || isOwnOrigin(request) || operatorOrigins.includes(origin)) return undefined;
    const text = `without a token pages of ${origin.slice(0, 200)} may not look or command; add the origin to operatorOrigins, or configure a token`;
    return { ...refused(text), origin };
  };
  const holder = async (given: string | undefined): Promise<Holder> => {
    if (isOpen || isServers(given)) return operator(given ?? '');
    const owner = token === undefined ? undefined : ownerOf(given, token);
    if (owner !== undefined) return { name: given ?? '', speaksFor: { user: owner }, rights: new Set() };
    if (given === undefined || jwt === undefined) throw new ParleyError('UNAUTHORISED');
    return jwt(given);
  };
  return {
    refusal(request) {
      const host = hostOf(`http://${request.headers.host ?? ''}`);
      if (isOpen) {
        if (!insecure && !fromThisMachine(request))
          return refused('without a token only this machine is served; configure one');
        const ours = host && (isLoopback(host.hostname) || hosts.has(host.host));
        if (!ours && !(insecure && host && ADDRESS_LITERAL.test(host.hostname)))
          return refused('the server is asked for by a name that is not its own; see allowedOrigins');
      }
      const { origin } = request.headers;
      if (origin === undefined || isOwnOrigin(request)) return undefined;
      if (allowedOrigins.includes('*') || allowedOrigins.includes(origin)) return undefined;
      const text = `pages of ${origin.slice(0, 200)} may not connect; add the origin to allowedOrigins`;
      return { ...refused(text), origin };
    },
    operatorRefusal,
    holder,
    caller: async (given, door, user) => callerOf(await holder(given), door, user),
    async permit(request, ...anyOf) {
      const refusal = operatorRefusal(request);
      if (refusal) throw new ParleyError('FORBIDDEN', refusal.text);
      const one = await holder(bearerOf(request));
      const may = anyOf.some((what) =>
        typeof what === 'string' ? one.rights.has(what) : mayEnter(one, what.door),
      );
      const names = anyOf.map((what) => (typeof what === 'string' ? what : what.door)).join(' or ');
      if (!may) throw new ParleyError('FORBIDDEN', `this token has no right to ${names}`);
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

/** Compares tokens in constant time. Without one, none is right. */
function tokenCheck(expected: string | undefined): (given: string | undefined) => boolean {
  if (expected === undefined) return () => false;
  const wanted = digest(expected);
  return (given) => timingSafeEqual(digest(given ?? ''), wanted) && given !== undefined;
}

/** The token of `Authorization: Bearer …`. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^Bearer (.{1,4096})$/i.exec(headers.authorization ?? '')?.[1];
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

/** The peer's address, or that which `X-Forwarded-For` names, as far back as the peers are trusted proxies. */
export function clientAddressOf({ socket, headers }: IncomingMessage, proxies: BlockList): string {
  const named = String(headers['x-forwarded-for'] ?? '').split(',');
  let address = addressOf(socket);
  for (let name = named.pop()?.trim(); name !== undefined; name = named.pop()?.trim()) {
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (isIP(name) === 0 || isIP(address) === 0 || !proxies.check(address, family)) break;
    address = name;
  }
  return address;
}

/** The addresses and networks (`10.0.0.0/8`) of a list. Throws CONFIG_INVALID. */
export function proxiesOf(list: readonly string[]): BlockList {
  const proxies = new BlockList();
  for (const one of list) {
    const [network = '', prefix] = one.split('/');
    const family = isIPv6(network) ? 'ipv6' : 'ipv4';
    try {
      if (prefix === undefined) proxies.addAddress(network, family);
      else proxies.addSubnet(network, Number(prefix), family);
    } catch (cause) {
      throw new ParleyError('CONFIG_INVALID', `trustedProxies: ${one} is not an address or network`, {
        cause,
      });
    }
  }
  return proxies;
}

/** True if the request comes from a page of the host that it is sent to. One without `Origin` does not come from a page of another site. */
function isOwnOrigin({ headers }: IncomingMessage): boolean {
  const page = hostOf(headers.origin ?? '');
  return page !== undefined && page.host !== '' && page.host === hostOf(`http://${headers.host ?? ''}`)?.host;
}

/** An origin as browsers write it, without the slash or capitals that people add. */
function originOf(given: string): string {
  const url = hostOf(given);
  return url && url.origin !== 'null' ? url.origin : given;
}

function hostOf(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

// The comparison needs equal lengths; digests have them.
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
