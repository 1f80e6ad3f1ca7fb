import type { PublicState, SettingsChange } from '../../machines/wire.ts';
import type { Random } from './random.ts';

/** What a simulated user does. Plain data, so that a failing script can be shrunk. */
export type UserAct =
  /** Speaks for `durationMs`, with pauses that fill `pauses` of it. */
  | { readonly type: 'speak'; readonly text: string; readonly durationMs: number; readonly pauseMs: number }
  /** A sound without words. */
  | { readonly type: 'mumble'; readonly durationMs: number }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'interrupt' }
  | { readonly type: 'halt' }
  | { readonly type: 'rearm' }
  /** The lane of the voice stop hears a stop phrase; `end` follows after `afterMs`, or nothing. */
  | {
      readonly type: 'stopHeard';
      readonly end: 'confirmed' | 'refuted' | 'nothing';
      readonly afterMs: number;
    }
  | ({ readonly type: 'settings' } & SettingsChange)
  | { readonly type: 'body'; readonly moving: boolean; readonly noise?: number }
  | { readonly type: 'commit' }
  | { readonly type: 'clear' }
  | { readonly type: 'respond'; readonly instructions?: string }
  /** Reports played samples: the truth, or `lie` times it. */
  | { readonly type: 'played'; readonly lie: number }
  /** Many commands at once. */
  | { readonly type: 'flood'; readonly count: number }
  /** Loses the connection to the session, or gets it back. */
  | { readonly type: 'present'; readonly here: boolean }
  /** Ends the session and opens a new one. */
  | { readonly type: 'hangUp'; readonly how: 'bye' | 'lost' };

/** Condition before an act: a state, with a time limit, and then a short delay. */
export interface UserStep {
  /** Position in the original script: all random choices until the next step depend on it. */
  readonly id: number;
  readonly waitFor: PublicState | 'anything';
  readonly atMostMs: number;
  readonly thenMs: number;
  readonly act: UserAct;
  /** True if this opens a turn of the conversation. */
  readonly turn: boolean;
}

const SENTENCES = [
  'hello there',
  'what time is it?',
  'tell me about the garden and',
  'can you wave your hand?',
  'I would like to know more, please.',
  'go on',
  'and what about tomorrow',
  'no',
  'that is enough for today.',
  'how far is it to the',
] as const;
const BACKCHANNELS = ['uh-huh', 'mm', 'yeah', 'okay', 'I see', 'yes'] as const;
/** Words that stop everything; the simulation's parameters contain them. */
export const HALT_WORDS = 'stop right there';
/** Words that wake a robot that sleeps. */
export const WAKE_WORDS = 'hey robot';

const SETTINGS: readonly SettingsChange[] = [
  { turnDetection: { mode: 'manual' } },
  { turnDetection: { mode: 'auto', respond: false } },
  { turnDetection: { mode: 'auto', interrupt: false, silenceMs: 300 } },
  { toolChoice: 'none', voice: 'low' },
  {
    toolChoice: 'auto',
    instructions: 'Be brief.',
    tools: [{ name: 'fly', description: '', parameters: {} }],
  },
];

/** Acts of a turn, with weights out of 100. */
const TURNS = {
  plain: 30,
  typed: 12,
  bargeIn: 12,
  earlyBargeIn: 8,
  continued: 8,
  backchannel: 8,
  mumbleWhileSpeaking: 5,
  mumble: 5,
  interrupt: 6,
  typedOver: 4,
  halt: 3,
  haltWhileYielding: 2,
  saidHalt: 2,
  discardedHalt: 4,
  suspectedStop: 4,
  flood: 2,
  lyingPlayed: 5,
  honestPlayed: 8,
  hangUp: 2,
  long: 1,
  settings: 6,
  pushToTalk: 6,
  commit: 3,
  body: 5,
  lost: 4,
} as const;

/** Generates a conversation of `turns` turns from the seed. */
export function userScript(random: Random, turns: number): readonly UserStep[] {
  const steps: Omit<UserStep, 'id'>[] = [];
  for (let turn = 0; turn < turns; turn++) steps.push(...turnSteps(random));
  return steps.map((step, id) => ({ id, ...step }));
}

/** A turn after the faults: it must be answered. */
const CLEAN_TURN: UserStep = {
  id: -1,
  waitFor: 'idle',
  atMostMs: 60_000,
  thenMs: 500,
  act: { type: 'text', text: 'are you still there?' },
  turn: true,
};

/** The clean turn must be answered within this time, virtual ms. */
export const TAIL_LIMIT_MS = 60_000;

/** After the faults: releases the voice stop if there is one, waits for everything to end, and asks once more. */
export function tailSteps(): readonly UserStep[] {
  return [
    { id: -2, waitFor: 'anything', atMostMs: 0, thenMs: 4_000, act: { type: 'rearm' }, turn: false },
    CLEAN_TURN,
  ];
}

type Step = Omit<UserStep, 'id'>;

function turnSteps(random: Random): readonly Step[] {
  const open = (act: UserAct): Step => {
    // Usually after the last reply; sometimes at any time.
    const patient = random.chance(0.85);
    return {
      waitFor: patient ? 'idle' : 'anything',
      atMostMs: 45_000,
      thenMs: random.ms(0, patient ? 600 : 1_500),
      act,
      turn: true,
    };
  };
  const then = (waitFor: UserStep['waitFor'], thenMs: number, act: UserAct): Step => ({
    waitFor,
    atMostMs: 12_000,
    thenMs,
    act,
    turn: false,
  });
  const speech = (): UserAct => ({
    type: 'speak',
    text: random.pick(SENTENCES),
    durationMs: random.int(250, 1_400),
    pauseMs: random.chance(0.2) ? random.int(150, 900) : 0,
  });
  const sound = (durationMs: number): UserAct => ({ type: 'mumble', durationMs });
  const typed = (): UserAct => ({ type: 'text', text: random.pick(SENTENCES) });
  const opening = () => open(random.chance(0.6) ? speech() : typed());
  switch (random.weighted(TURNS)) {
    case 'plain':
      return [open(speech())];
    case 'typed':
      return [open(typed())];
    case 'bargeIn':
      return [opening(), then('speaking', random.ms(0, 900), speech())];
    case 'earlyBargeIn':
      return [opening(), then('processing', random.ms(0, 150), speech())];
    case 'continued':
      return [open(speech()), then('processing', random.ms(0, 400), speech())];
    case 'backchannel': {
      const act: UserAct = {
        type: 'speak',
        text: random.pick(BACKCHANNELS),
        durationMs: random.int(150, random.chance(0.2) ? 1_600 : 500),
        pauseMs: 0,
      };
      return [opening(), then('speaking', random.ms(0, 700), act)];
    }
    case 'mumbleWhileSpeaking':
      return [
        opening(),
        then('speaking', random.ms(0, 700), sound(random.chance(0.5) ? 30 : random.int(60, 400))),
      ];
    case 'mumble':
      return [open(sound(random.int(60, 1_500)))];
    case 'interrupt':
      return [
        opening(),
        then(random.pick(['speaking', 'processing', 'listening']), random.ms(0, 600), { type: 'interrupt' }),
      ];
    case 'typedOver':
      return [
        opening(),
        then(random.pick(['speaking', 'processing', 'listening']), random.ms(0, 600), typed()),
      ];
    case 'halt':
      return [
        open(speech()),
        then(random.pick(['speaking', 'processing', 'listening']), random.ms(0, 500), { type: 'halt' }),
        ...(random.chance(0.5) ? [then('stopped', random.ms(0, 300), typed())] : []),
        ...(random.chance(0.5) ? [then('stopped', random.ms(0, 300), speech())] : []),
        then('stopped', random.ms(0, 2_000), { type: 'rearm' }),
      ];
    case 'haltWhileYielding':
      return [
        opening(),
        then('speaking', random.ms(0, 500), sound(600)),
        then('anything', random.ms(100, 320), { type: 'halt' }),
        then('stopped', random.ms(0, 500), { type: 'rearm' }),
      ];
    case 'saidHalt': {
      const act: UserAct = random.chance(0.5)
        ? { type: 'text', text: HALT_WORDS }
        : { type: 'speak', text: HALT_WORDS, durationMs: 900, pauseMs: 0 };
      return [open(act), then('stopped', random.ms(0, 500), { type: 'rearm' })];
    }
    case 'discardedHalt': {
      // A stop is said, and other input arrives before its words are known.
      const said: UserAct = { type: 'speak', text: HALT_WORDS, durationMs: random.int(300, 900), pauseMs: 0 };
      const other = random.weighted({
        interrupt: 4,
        text: 4,
        speak: 3,
        clear: 2,
        commit: 2,
        settings: 3,
        respond: 2,
        lost: 2,
        language: 1,
      });
      const acts: Readonly<Record<typeof other, UserAct>> = {
        interrupt: { type: 'interrupt' },
        text: typed(),
        speak: speech(),
        clear: { type: 'clear' },
        commit: { type: 'commit' },
        settings: { type: 'settings', turnDetection: { mode: 'manual' } },
        respond: { type: 'respond' },
        lost: { type: 'present', here: false },
        language: { type: 'settings', language: 'de' },
      };
      const waitFor = random.pick(['listening', 'processing', 'anything'] as const);
      return [
        ...(random.chance(0.4) ? [opening(), then('speaking', random.ms(0, 500), said)] : [open(said)]),
        then(waitFor, random.ms(0, 400), acts[other]),
        ...(random.chance(0.3) ? [then('anything', random.ms(0, 300), typed())] : []),
        then('stopped', random.ms(0, 500), { type: 'rearm' }),
        ...(other === 'settings' || other === 'language'
          ? [then('anything', 0, { type: 'settings', language: 'en', turnDetection: { mode: 'auto' } })]
          : []),
      ];
    }
    case 'suspectedStop': {
      const end = random.weighted({ confirmed: 2, refuted: 3, nothing: 2 });
      const act: UserAct = { type: 'stopHeard', end, afterMs: random.ms(0, 600) };
      return [
        opening(),
        ...(random.chance(0.4)
          ? [then('speaking', random.ms(0, 500), sound(600)), then('anything', random.ms(100, 320), act)]
          : [then(random.pick(['speaking', 'processing', 'listening', 'anything']), random.ms(0, 900), act)]),
        ...(random.chance(0.3) ? [then('anything', random.ms(0, 300), speech())] : []),
        then('stopped', random.ms(0, 500), { type: 'rearm' }),
      ];
    }
    case 'flood':
      return [opening(), then('anything', random.ms(0, 800), { type: 'flood', count: random.int(5, 30) })];
    case 'lyingPlayed':
      return [
        opening(),
        then('speaking', random.ms(0, 400), { type: 'played', lie: random.pick([0, 0.5, 3, 1_000]) }),
        ...(random.chance(0.5) ? [then('speaking', random.ms(0, 400), { type: 'interrupt' })] : []),
      ];
    case 'honestPlayed':
      return [
        opening(),
        ...Array.from({ length: 4 }, () => then('speaking', random.ms(60, 200), { type: 'played', lie: 1 })),
        ...(random.chance(0.5) ? [then('speaking', random.ms(0, 300), { type: 'interrupt' })] : []),
      ];
    case 'settings': {
      const speak = () => then(random.pick(['idle', 'anything', 'speaking']), random.ms(0, 900), speech());
      return [
        open({ type: 'settings', ...random.pick(SETTINGS) }),
        ...(random.chance(0.3) ? [then('anything', random.ms(0, 300), typed())] : []),
        ...Array.from({ length: random.int(1, 3) }, speak),
        then('anything', random.ms(0, 2_500), {
          type: 'settings',
          turnDetection: { mode: 'auto' },
          tools: [],
        }),
      ];
    }
    case 'pushToTalk': {
      const press = (): readonly Step[] => [
        then(random.pick(['idle', 'anything', 'speaking']), random.ms(0, 900), speech()),
        then('anything', random.ms(0, 2_000), {
          type: random.weighted({ commit: 8, clear: 1, respond: 2 }),
        }),
      ];
      const respond = random.chance(0.7);
      return [
        open({ type: 'settings', turnDetection: { mode: 'manual', respond } }),
        ...Array.from({ length: random.int(1, 3) }, press).flat(),
        then('anything', random.ms(0, 2_500), { type: 'settings', turnDetection: { mode: 'auto' } }),
      ];
    }
    case 'commit':
      return [
        open(speech()),
        then(random.pick(['listening', 'speaking', 'processing', 'anything']), random.ms(0, 900), {
          type: random.weighted({ commit: 6, clear: 2, respond: 1 }),
        }),
        ...(random.chance(0.5) ? [then('idle', random.ms(0, 400), { type: 'respond' })] : []),
      ];
    case 'body': {
      const moves = (): UserAct => ({
        ...{ type: 'body', moving: true },
        ...(random.chance(0.6) && { noise: random.pick([-60, -30]) }),
      });
      /** A long sound of the motors may be taken for a stop. */
      const noise = (durationMs: number): UserAct =>
        durationMs < 900 ? sound(durationMs) : { type: 'stopHeard', end: 'refuted', afterMs: durationMs / 3 };
      const over = () => [
        ...(random.chance(0.3) ? [then('anything', random.ms(0, 500), moves())] : []),
        then('speaking', random.ms(0, 700), random.chance(0.75) ? speech() : noise(random.int(60, 1_200))),
      ];
      return [
        open(moves()),
        then('anything', random.ms(0, 300), speech()),
        ...Array.from({ length: random.int(1, 3) }, over).flat(),
        then(random.pick(['idle', 'anything']), random.ms(0, 1_500), { type: 'body', moving: false }),
      ];
    }
    case 'lost':
      return [
        opening(),
        then(random.pick(['speaking', 'processing', 'listening', 'idle']), random.ms(0, 800), {
          ...{ type: 'present', here: false },
        }),
        then('anything', random.ms(0, 20_000), { type: 'present', here: true }),
      ];
    case 'long':
      return [open({ type: 'speak', text: random.pick(SENTENCES), durationMs: 7_000, pauseMs: 0 })];
    case 'hangUp':
      return [
        opening(),
        then(random.pick(['speaking', 'processing', 'listening', 'idle']), random.ms(0, 800), {
          type: 'hangUp',
          how: random.pick(['bye', 'lost']),
        }),
      ];
  }
}
