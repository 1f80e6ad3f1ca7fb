import { z } from 'zod';
import { key } from '../../machines/options.ts';

/** The configuration key of every engine behind the Wyoming protocol: where it is. `usual`: where its containers listen. */
export function wyomingKeys(usual: string) {
  const address = z.url({
    protocol: /^tcp$/,
    hostname: /./,
    error: `must be an address such as ${usual}`,
  });
  return { address: key(address.default(usual), 'Address of the server.') };
}
