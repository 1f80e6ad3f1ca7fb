import { z } from 'zod';
import { INPUT_RATES, OUTPUT_RATES, PIPELINE_RATE } from '../../../machines/audio.ts';
import { group, key, text } from '../../../machines/options.ts';

/** A rate of audio, in Hz; the value is one of `rates`. */
function rate(rates: readonly number[], meaning: string) {
  const known = z.int().refine((hz) => rates.includes(hz), `must be one of ${rates.join(', ')}`);
  return key(known.default(PIPELINE_RATE), meaning);
}

/** The robot that the server dials. */
export const robotOptions = group({
  url: key(
    z
      .url({ protocol: /^wss?$/, error: 'must be a ws: or wss: address such as ws://robot.local:9090' })
      .exactOptional(),
    'The `rosbridge_server` of a robot: Parley connects to it, talks over its topics and executes actions there; see ros.md.',
  ),
  microphone: text('/parley/audio/in', 'Topic of the robot’s microphone (`AudioData`); empty for none.'),
  loudspeaker: text('/parley/audio/out', 'Topic of its loudspeaker (`AudioData`); empty for none.'),
  microphoneRate: rate(INPUT_RATES, 'Rate of its microphone, in Hz: 8000, 16000, 24000 or 48000.'),
  loudspeakerRate: rate(OUTPUT_RATES, 'Rate of its loudspeaker, in Hz: 16000 or 24000.'),
});

export type RobotOptions = z.output<typeof robotOptions>;
