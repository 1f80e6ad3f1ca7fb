import { z } from 'zod';
import { INPUT_RATES, OUTPUT_RATES, PIPELINE_RATE } from '../../../machines/audio.ts';
import { group, key, text } from '../../../machines/options.ts';
import { ECHO_STATES } from '../../../machines/wire.ts';
import { REPLY_TYPES } from './audio.ts';
import { sameType } from './interfaces.ts';

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
    'The `rosbridge_server` of a robot: Parley connects to it, talks over its topics and executes actions there; see docs/how-to/ros.md.',
  ),
  microphone: text('/parley/audio/in', 'Topic of the robot’s microphone (`AudioData`); empty for none.'),
  loudspeaker: text('/parley/audio/out', 'Topic of its loudspeaker (`AudioData`); empty for none.'),
  microphoneRate: rate(INPUT_RATES, 'Rate of its microphone, in Hz: 8000, 16000, 24000 or 48000.'),
  audioType: key(
    z
      .string()
      .refine(
        (type) => REPLY_TYPES.some((one) => sameType(one, type)),
        `must be one of ${REPLY_TYPES.join(', ')}`,
      )
      .default('audio_common_msgs/AudioData'),
    'Type of both topics, such as audio_common_msgs/AudioData (ros-drivers) or audio_common_msgs/AudioStamped (mgonzs13).',
  ),
  echo: key(
    z.enum(ECHO_STATES).default('unknown'),
    'Whether its microphone hears its loudspeaker: `present`, `cancelled` (the robot removes it itself), or `unknown`.',
  ),
  events: key(
    z
      .record(
        z.string().min(1),
        z.strictObject({
          event: z.string().min(1).max(64),
          type: z.string().min(1).default('std_msgs/String'),
          fields: z.record(z.string().min(1), z.string().min(1)).exactOptional(),
        }),
      )
      .default({}),
    'Topics that are events of the behaviour, by topic: `{event, type, fields}`; see docs/how-to/ros.md.',
  ),
  reports: key(
    z
      .record(
        z.string().min(1),
        z.strictObject({
          topic: z.string().min(1),
          type: z.string().min(1).default('std_msgs/String'),
        }),
      )
      .default({}),
    'Topics for what the behaviour reports, by name of the report: `{topic, type}`.',
  ),
  loudspeakerRate: rate(OUTPUT_RATES, 'Rate of its loudspeaker, in Hz: 16000 or 24000.'),
});

export type RobotOptions = z.output<typeof robotOptions>;
