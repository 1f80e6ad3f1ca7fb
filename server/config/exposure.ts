import { ParleyError } from '../../machines/errors.ts';
import { isLoopback } from '../door/access.ts';
import type { Config } from './schema.ts';

type Exposure = Pick<Config, 'host' | 'token' | 'insecure'>;

/** Throws CONFIG_INVALID if other machines could reach a server that requires no token. */
export function refuseExposure(config: Exposure): void {
  if (isExposed(config) && !config.insecure)
    throw new ParleyError(
      'CONFIG_INVALID',
      `host is ${config.host} and there is no token: other machines could connect. Set one with --token, listen on 127.0.0.1, or allow it with --insecure`,
    );
}

/** Warnings about settings that are allowed but dangerous. */
export function exposureWarnings(config: Exposure): readonly string[] {
  if (!isExposed(config) || !config.insecure) return [];
  return [
    `the server listens on ${config.host} without a token: anyone who can reach it may connect; set one with --token`,
  ];
}

function isExposed({ host, token }: Exposure): boolean {
  return token === undefined && !isLoopback(host);
}
