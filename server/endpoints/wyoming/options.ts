import { z } from 'zod';
import { group, key, list, text } from '../../../machines/options.ts';
import { ECHO_STATES } from '../../../machines/wire.ts';

/** The Wyoming protocol of Home Assistant. */
export const wyomingOptions = group({
  port: key(
    z.int().min(0).max(65_535).exactOptional(),
    'Port of the Wyoming protocol, such as 10300; 0 for any free one. Without it, the door is closed; see docs/how-to/home-assistant.md.',
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
  echo: key(
    z.enum(ECHO_STATES).default('unknown'),
    'Whether the microphone of a satellite hears its loudspeaker: `present`, `cancelled` (it removes that itself), or `unknown`.',
  ),
});

export type WyomingOptions = z.output<typeof wyomingOptions>;
