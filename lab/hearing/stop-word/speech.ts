import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { espeakTts } from '../../../adapters/tts/espeak/espeak.ts';
import { Sounds } from '../../../testing/eval/sounds.ts';
import { Random } from '../../../testing/simulation/random.ts';

export interface Said {
  readonly sound: Float32Array;
  /** Which part of it has been heard when the word ends; undefined if it is not in it. */
  readonly wordEnd?: number;
}

/** Bases and variants of eSpeak. Those of lab/hearing/voice-stop.ts that figures are reported for are not among them. */
const BASES = ['en-us', 'en-gb', 'en-gb-x-rp', 'en-gb-x-gbclan', 'en-gb-x-gbcwmd'] as const;
const VARIANTS =
  '|m2|m3|m4|m7|m8|f1|f3|f5|klatt|klatt2|klatt3|klatt4|croak|adam|anika|antonio|aunty|belinda|benjamin|boris|caleb|david|ed|edward|grandma|grandpa|iven|john|max|michel|miguel|norbert|pablo|paul|pedro|quincy|rob|robert|sandro|shelby|steph|travis|victor|zac'.split(
    '|',
  );
/** Words a minute and pitch. */
const MANNERS = [
  [130, 40],
  [160, 60],
  [185, 50],
  [215, 30],
  [200, 75],
] as const;

/** Stop phrases, with how often each is said and which part of it has been heard when "stop" ends. */
const STOPS: readonly (readonly [text: string, times: number, end: number])[] = [
  ['stop', 10, 1],
  ['stop now', 2, 0.5],
  ['stop it', 2, 0.6],
  ['stop moving', 1, 0.42],
  ['stop talking', 1, 0.42],
  ['please stop', 2, 1],
  ['robot stop', 1, 1],
  ['emergency stop', 1, 1],
  ['stop stop', 1, 0.45],
];
/** Words and phrases that sound like it. */
const NEAR =
  'top shop step stock stomp slop chop spot stuff star start store story hop drop pop flop crop prop mop swap stab stack stump stub strap soup pot tap up stoop steep scope adopt laptop rooftop desktop workshop|the shop is at the top|on top|shop now|start now|step it up|drop it|go to the shop|what top|best option|must operate|first operation|cost option|kettle on|just a pot|stay put|stand up|most people|last opportunity|best of all|step back|strap it|pop music|top of the morning|swap it|stuff it'
    .split('|')
    .flatMap((part, i) => (i === 0 ? part.split(' ') : [part]));

/** What people say to robots, over whose motors nothing of it may be taken for a stop. */
const COMMANDS =
  'turn left|turn right|turn around|go back|go forward|go forward two meters|go home|come here|start|start now|start again|continue|wait|yes|no|okay|thank you|thanks|hello|hello robot|what is your name|what time is it|tell me a story|tell me a joke|help|I need help|good morning|be quiet|louder|faster|slower|pick it up|put it down|open the door|close the door|left|right|up|down|forward|back'.split(
    '|',
  );

/** Synthetic speech, each with a few voices: `count` of each kind at the most. Voices that eSpeak lacks are passed over. */
export async function synthetic(
  words: readonly string[],
  count: { readonly stops: number; readonly others: number },
  seed: number,
): Promise<{ readonly stops: readonly Said[]; readonly others: readonly Said[] }> {
  const random = Random.named(seed, 'speech');
  const engines = MANNERS.map(([ratePerMinute, pitch]) => espeakTts({ ratePerMinute, pitch }));
  const speakers = engines.map((engine) => new Sounds(engine));
  const say = async (text: string): Promise<Float32Array | undefined> => {
    const variant = random.pick(VARIANTS);
    const voice = `${random.pick(BASES)}${variant && `+${variant}`}`;
    // Some builds of eSpeak lack a variant.
    return random
      .pick(speakers)
      .speech(text, voice)
      .catch(() => undefined);
  };
  const phrase = () => Array.from({ length: random.int(1, 5) }, () => random.pick(words)).join(' ');
  try {
    const stops: Said[] = [];
    for (let i = 0; i < count.stops; i++) {
      const [text, , wordEnd] = random.pick(
        STOPS.flatMap((one) => Array.from({ length: one[1] }, () => one)),
      );
      const sound = await say(text);
      if (sound) stops.push({ sound, wordEnd });
    }
    const others: Said[] = [];
    for (let i = 0; i < count.others; i++) {
      const kind = random.next();
      const text = kind < 0.35 ? random.pick(NEAR) : kind < 0.65 ? random.pick(COMMANDS) : phrase();
      const sound = await say(text);
      if (sound) others.push({ sound });
    }
    return { stops, others };
  } finally {
    await Promise.all(engines.map((engine) => engine.close()));
  }
}

/**
 * Recordings, or what other synthesisers said: DIR/stop has stop phrases (`please-stop_anything.wav`), DIR/other anything else
 * (`KIND-anything.wav`), each kind as often as another. Long ones are cut to their first `maxSamples`.
 */
export async function fromFolder(
  folder: string,
  maxSamples: number,
): Promise<{ readonly stops: readonly Said[]; readonly others: readonly (readonly Said[])[] }> {
  const tts = espeakTts();
  const sounds = new Sounds(tts);
  const read = (name: string) =>
    Promise.all(
      readdirSync(join(folder, name))
        .filter((file) => file.endsWith('.wav'))
        .sort()
        .map(async (file) => ({
          file,
          sound: (await sounds.recording(join(folder, name, file))).subarray(0, maxSamples),
        })),
    );
  const stops = (await read('stop')).map(({ file, sound }) => {
    const text = (file.split('_')[0] ?? '').replaceAll('-', ' ');
    return { sound, wordEnd: STOPS.find(([one]) => one === text)?.[2] ?? 1 };
  });
  const others = new Map<string, Said[]>();
  for (const { file, sound } of await read('other')) {
    const kind = file.split('-')[0] ?? '';
    others.set(kind, [...(others.get(kind) ?? []), { sound }]);
  }
  await tts.close();
  return { stops, others: [...others.values()] };
}
