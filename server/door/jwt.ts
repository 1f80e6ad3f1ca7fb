import { readFile } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { z } from 'zod';
import { ParleyError } from '../../machines/errors.ts';
import { parseJson } from '../../machines/json.ts';
import { group, optionalText, text } from '../../machines/options.ts';
import { USER_ID } from '../../machines/user.ts';
import { isLoopback } from './access.ts';
import type { DoorLog } from './door.ts';
import type { Holder, JwtCheck, Right } from './holder.ts';

/** Configuration of JSON Web Tokens (RFC 7519). */
export const jwtOptions = group({
  jwks: optionalText(
    'Public keys of JSON Web Tokens, as a JSON Web Key Set: a file, or a URL (https:, or http: of this machine). With it the port accepts tokens that are signed with one of them; see docs/how-to/secure.md.',
  ),
  issuer: optionalText('Issuer (`iss`) that a token must name. Needed with `jwt.jwks`.'),
  audience: text('parley', 'Audience (`aud`) that a token must name.'),
  rights: text('parley', 'Name of the claim with the rights of a token.'),
});

export type JwtOptions = z.output<typeof jwtOptions>;

/** Asymmetric ones only: a secret that could sign tokens has no place on this server. */
const ALGORITHMS = ['EdDSA', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];
/** How far the clocks of issuer and server may differ, in s. */
const CLOCK_TOLERANCE_S = 5;
/** How long keys are used before they are read again: of a file, and of a URL, ms. */
const FILE_MS = 5_000;
const URL_MS = 600_000;
/** Minimum time between two requests for keys when tokens name unknown ones, and the time limit of one, ms. */
const COOLDOWN_MS = 30_000;
const FETCH_MS = 3_000;
/** After a request that failed, for its issuer's sake, ms. */
const RETRY_MS = 1_000;

const rightsClaim = z.object({
  user: z.string().regex(USER_ID).exactOptional(),
  doors: z.array(z.string().max(100)).max(100).exactOptional(),
  inspect: z.boolean().default(false),
  control: z.boolean().default(false),
});
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) });

/**
 * A check of JSON Web Tokens; undefined if none are configured. Rejects with CONFIG_INVALID if the options do not fit
 * together or the file holds no keys. A URL is asked when the first token arrives.
 */
export async function jwtCheck(
  { jwks, issuer, audience, rights }: JwtOptions,
  log: DoorLog,
): Promise<JwtCheck | undefined> {
  if (jwks === undefined) return undefined;
  if (issuer === undefined) throw new ParleyError('CONFIG_INVALID', 'jwt.jwks needs jwt.issuer');
  const key = /^https?:/i.test(jwks) ? keysAt(jwks, log) : await keysIn(jwks, log);
  const wanted = {
    ...{
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: ['exp'],
    },
  };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, wanted);
      return holderOf(payload.iss, payload.sub, payload[rights] ?? {}, token);
    } catch (error) {
      throw refusalOf(error);
    }
  };
}

function holderOf(issuer = '', subject: string | undefined, claim: unknown, token: string): Holder {
  const parsed = rightsClaim.safeParse(claim);
  if (!parsed.success) throw new ParleyError('UNAUTHORISED', `its rights: ${z.prettifyError(parsed.error)}`);
  const { doors, inspect, control, user = USER_ID.test(subject ?? '') ? subject : undefined } = parsed.data;
  const granted: Right[] = [
    ...(inspect ? ['inspect' as const] : []),
    ...(control ? ['control' as const] : []),
  ];
  return {
    name: subject === undefined ? token : JSON.stringify([issuer, subject]),
    speaksFor: user === undefined ? {} : { user },
    doors: doors && new Set(doors),
    rights: new Set(granted),
  };
}

function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) {
    const since =
      error.payload.exp === undefined ? '' : ` at ${new Date(error.payload.exp * 1_000).toISOString()}`;
    return new ParleyError('UNAUTHORISED', `it expired${since}`, { cause: error });
  }
  return error instanceof errors.JOSEError
    ? new ParleyError('UNAUTHORISED', error.message, { cause: error })
    : error;
}

function keysAt(address: string, log: DoorLog): JWTVerifyGetKey {
  const url = new URL(address);
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw new ParleyError(
      'CONFIG_INVALID',
      'jwt.jwks must be https: on another machine: its keys decide who may come in',
    );
  const remote = createRemoteJWKSet(url, {
    ...{ timeoutDuration: FETCH_MS, cooldownDuration: COOLDOWN_MS, cacheMaxAge: URL_MS },
  });
  let failedAtMs = Number.NEGATIVE_INFINITY;
  return async (header, token) => {
    const old = remote.jwks();
    const failed = Date.now() - failedAtMs < RETRY_MS;
    try {
      if (!failed) return await remote(header, token);
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys)
        throw cause;
      failedAtMs = Date.now();
      const meanwhile = old ? '; the old ones stay in force' : '';
      log.warn({ err: cause }, `the keys of tokens cannot be fetched${meanwhile}`);
    }
    if (!old)
      throw new ParleyError('INTERNAL', 'the keys of tokens cannot be fetched; try again in a moment');
    return createLocalJWKSet(old)(header, token);
  };
}

async function keysIn(file: string, log: DoorLog): Promise<JWTVerifyGetKey> {
  let keys = createLocalJWKSet(await readKeys(file));
  let readAtMs = Date.now();
  return async (header, token) => {
    if (Date.now() - readAtMs >= FILE_MS) {
      readAtMs = Date.now();
      try {
        keys = createLocalJWKSet(await readKeys(file));
      } catch (error) {
        log.warn({ err: error }, 'the keys of tokens cannot be read; the old ones stay in force');
      }
    }
    return keys(header, token);
  };
}

async function readKeys(file: string): Promise<JSONWebKeySet> {
  const content = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new ParleyError('CONFIG_INVALID', `jwt.jwks: ${String(cause)}`, { cause });
  });
  const parsed = keySet.safeParse(parseJson(content));
  if (!parsed.success) throw new ParleyError('CONFIG_INVALID', `jwt.jwks: ${file} is not a JSON Web Key Set`);
  return parsed.data;
}
