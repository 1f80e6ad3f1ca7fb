import { describe, expect, it } from 'vitest';
import { startRig } from '../../door/door-test-util.ts';
import { connect, meet, subscribe } from './rosbridge-test-util.ts';

/** `audio_common_msgs` of mgonzs13/audio_common. */
const EMPTY = {
  float32_data: [],
  int32_data: [],
  int24_data: [],
  int16_data: [],
  int8_data: [],
  uint8_data: '',
};
const stamped = (data: object, info: object = {}) => ({
  header: { stamp: { sec: 1, nanosec: 2 }, frame_id: 'mic' },
  audio: {
    audio_data: { ...EMPTY, ...data },
    info: { format: 8, channels: 1, chunk: 4, rate: 16_000, ...info },
  },
});
const bytes = (...samples: number[]) => Buffer.from(Int16Array.from(samples).buffer);
const STAMPED = 'audio_common_msgs/msg/AudioStamped';

/** What the session hears of one message, which was announced with this type. */
async function heardOf(msg: object, type: string | undefined, query = '') {
  const rig = await startRig();
  const client = await connect(rig, query).opened();
  const topic = '/parley/audio/in';
  if (type) client.say({ op: 'advertise', topic, type });
  client.say({ op: 'publish', topic, msg });
  const session = await rig.host.opened.take();
  const { bytes: pcm } = await session.heard.take();
  return { samples: [...new Int16Array(new Uint8Array(pcm).buffer)], request: session.request };
}

describe('a microphone in ROS', () => {
  it.each([
    ['int16_data', stamped({ int16_data: [1, -2, 300, 4] }), STAMPED, [1, -2, 300, 4]],
    ['a type that was not announced', stamped({ int16_data: [7, 8] }), undefined, [7, 8]],
    [
      'float32_data, with a NaN',
      stamped({ float32_data: [0.5, -1, null, 2] }, { format: 1 }),
      STAMPED,
      [16_384, -32_768, 0, 32_767],
    ],
    ['int32_data', stamped({ int32_data: [65_536, -65_536] }, { format: 2 }), STAMPED, [1, -1]],
    ['int8_data', stamped({ int8_data: [1, -1] }, { format: 16 }), STAMPED, [256, -256]],
    ['uint8_data', stamped({ uint8_data: 'gH8=' }, { format: 32 }), STAMPED, [0, -256]],
    ['two channels', stamped({ int16_data: [2, 4, -6, -2] }, { channels: 2 }), STAMPED, [3, -4]],
    [
      'AudioData with typed arrays',
      { ...EMPTY, int16_data: [5, 6] },
      'audio_common_msgs/msg/AudioData',
      [5, 6],
    ],
    ['Audio without a header', stamped({ int16_data: [5, 6] }).audio, 'audio_common_msgs/msg/Audio', [5, 6]],
    ['AudioData of bytes', { data: bytes(5, -6).toString('base64') }, 'audio_common_msgs/AudioData', [5, -6]],
    [
      'AudioDataStamped of bytes',
      { header: {}, audio: { data: bytes(5, -6).toString('base64') } },
      'audio_common_msgs/msg/AudioDataStamped',
      [5, -6],
    ],
    ['a Uint8Array as JSON.stringify writes it', { data: { 0: 1, 1: 0, 2: 2, 3: 0 } }, undefined, [1, 2]],
    ['a Buffer as JSON.stringify writes it', { data: bytes(1, 2) }, undefined, [1, 2]],
    ['Int16MultiArray', { layout: {}, data: [1, -2] }, 'std_msgs/msg/Int16MultiArray', [1, -2]],
    ['Float32MultiArray', { layout: {}, data: [0.25] }, 'std_msgs/Float32MultiArray', [8_192]],
  ])('is heard: %s', async (_what, msg, type, samples) => {
    expect((await heardOf(msg, type)).samples).toEqual(samples);
  });

  it('is resampled from the rate that its messages say', async () => {
    const msg = stamped({ int16_data: Array.from({ length: 960 }, () => 9) }, { rate: 48_000, chunk: 960 });
    expect((await heardOf(msg, STAMPED)).samples).toHaveLength(320);
  });

  it('hears the loudspeaker or not: the server finds out, unless the client says it', async () => {
    const msg = { data: [1, 0] };
    expect((await heardOf(msg, undefined)).request.echo).toBe('unknown');
    expect((await heardOf(msg, undefined, '?echo=present')).request.echo).toBe('present');
    expect((await heardOf(msg, undefined, '?echo=cancelled')).request.echo).toBe('cancelled');
  });

  it.each([
    ['half a frame', stamped({ int16_data: [1, 2, 3] }, { channels: 2 }), /2 channels/],
    ['a rate that is none', stamped({ int16_data: [1] }, { rate: 1 }), /rate: must be 4000 to 192000/],
    ['text in a list', stamped({ int16_data: ['a'] }), /int16_data: must be a list of numbers/],
    ['no audio', { text: 'hello' }, /data: is missing/],
  ])('learns what is wrong with its message: %s', async (_what, msg, why) => {
    const { client } = await meet();
    client.say({ op: 'publish', id: 7, topic: '/parley/audio/in', msg });
    expect(await client.json()).toMatchObject({ op: 'status', id: 7, msg: expect.stringMatching(why) });
  });
});

describe('a loudspeaker in ROS', () => {
  it('gets the type that it subscribed to', async () => {
    const { client, session } = await meet([subscribe('/parley/audio/out', { type: STAMPED })]);
    session.play(1, 0, bytes(5, -6));
    expect(await client.json()).toMatchObject({
      op: 'publish',
      msg: {
        header: { frame_id: '' },
        audio: {
          audio_data: { int16_data: [5, -6], float32_data: [] },
          info: { format: 8, channels: 1, chunk: 2, rate: 16_000 },
        },
      },
    });
  });

  it('loses no audio to throttle_rate: what waits arrives as one message', async () => {
    const { rig, client, session } = await meet([subscribe('/parley/audio/out', { throttle_rate: 100 })]);
    for (const seq of [0, 1, 2, 3]) session.play(1, seq, bytes(seq));
    const data = async () => ((await client.json()).msg as { data: string }).data;
    expect(await data()).toBe(bytes(0).toString('base64'));
    await rig.clock.advance(100);
    expect(await data()).toBe(bytes(1, 2, 3).toString('base64'));
  });
});

it('answers a call by the id that it had, also a number of more digits than a double holds', async () => {
  const { client } = await meet();
  const call = '{"op":"call_service","id":ID,"service":"/parley/interrupt"}';
  for (const [id, answered] of [
    ['7', 7],
    ['1.5', 1.5],
    ['12345678901234567890', '12345678901234567890'],
  ] as const) {
    client.say(call.replace('ID', id));
    expect(await client.json()).toMatchObject({ op: 'service_response', id: answered });
  }
});
