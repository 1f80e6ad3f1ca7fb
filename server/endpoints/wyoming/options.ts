import { z } from 'zod';
import { group, key, list, text } from '../../../machines/options.ts';

/** The Wyoming protocol of Home Assistant. */
export const wyomingOptions = group({
  port: key(
    z.int().min(0).max(65_535).exactOptional(),
    'Port of the Wyoming protocol, such as 10300; 0 for any free one. Without it, the door is closed; see wyoming.md.',
  ),
  host: text(
    '127.0.0.1',
    'Address of that port. The protocol has no token: one that other machines can reach needs `insecure`.',
  ),
  languages: list([], 'Languages offered to Home Assistant for engines that know many. Default: `language`.'),
  satellites: key(
    z
      .array(
        z.url({
          protocol: /^tcp$/,
          hostname: /./,
          error: 'must be an address such as tcp://satellite.local:10700',
        }),
      )
      .default([]),
    'Wyoming satellites that Parley connects to and converses with, such as tcp://satellite.local:10700.',
  ),
});

export type WyomingOptions = z.output<typeof wyomingOptions>;
