import { ParleyError } from '../../machines/errors.ts';
import { isLoopback } from '../door/access.ts';
import type { Config } from './schema.ts';

type Exposure = Pick<Config, 'host' | 'token' | 'insecure'> & {
  readonly jwt: Pick<Config['jwt'], 'jwks'>;
  readonly wyoming: Pick<Config['wyoming'], 'host' | 'port'>;
};

/** Throws CONFIG_INVALID if other machines could reach a server that requires no token. */
export function refuseExposure(config: Exposure): void {
  if (config.insecure) return;
  if (isExposed(config))
    throw new ParleyError(
      'CONFIG_INVALID',
      `host is ${config.host} and there is no token: other machines could connect. Set one with --token, listen on 127.0.0.1, or allow it with --insecure`,
    );
  if (isWyomingExposed(config))
    throw new ParleyError(
      'CONFIG_INVALID',
      `wyoming.host is ${config.wyoming.host}, and the Wyoming protocol has no token: other machines could connect. Listen on 127.0.0.1, or allow it with --insecure`,
    );
}

/** Warnings about settings that are allowed but dangerous. */
export function exposureWarnings(config: Exposure): readonly string[] {
  if (!config.insecure) return [];
  const without = 'without a token: anyone who can reach it may connect';
  return [
    ...(isExposed(config) ? [`the server listens on ${config.host} ${without}; set one with --token`] : []),
    ...(isWyomingExposed(config)
      ? [`the Wyoming protocol is served on ${config.wyoming.host} ${without}`]
      : []),
  ];
}

function isExposed({ host, token, jwt }: Exposure): boolean {
  return token === undefined && jwt.jwks === undefined && !isLoopback(host);
}

function isWyomingExposed({ wyoming: { host, port } }: Exposure): boolean {
  return port !== undefined && !isLoopback(host);
}
