import type { SpeechEngine, SpeechItem } from '../../actors/ports/speech.ts';
import { delayName } from '../../machines/kernel.ts';
import type { LogEntry } from '../../machines/log.ts';
import { normaliseText } from '../../machines/policies/text.ts';
import { ScriptedSpeech } from '../scripted-speech.ts';
import { type EngineWorld, Listener } from './engines.ts';
import { REPLIES } from './plans.ts';
import { Random } from './random.ts';
import { WAKE_WORDS } from './script.ts';
import type { Sometimes } from './sometimes.ts';

export interface PlannedSpeech {
  readonly engine: SpeechEngine;
  /** Sees the session's log. */
  observe(entry: LogEntry): void;
}

export interface SpeechWatch {
  readonly seed: number;
  /** Of the session. */
  readonly id: string;
  readonly reached: (name: Sometimes) => void;
  readonly found: (what: string) => void;
}

const VOICE = 'model';

/**
 * A speech-to-speech model with faults, and the check of what it knows: at each response its conversation must say what
 * the session's history says.
 */
export function plannedSpeech(world: EngineWorld, { seed, id, reached, found }: SpeechWatch): PlannedSpeech {
  const { clock, faults, said, spoken } = world;
  const random = Random.named(seed, `model ${id}`);
  // Each voice has its own pace, which the session must learn.
  const msPerChar = random.int(10, 40);
  const endsTurns = Random.named(seed, `turns of model ${id}`).chance(0.5);
  // The microphone sends 320 ms of silence.
  const silence = () => (faults.does('speech.deaf') ? null : random.ms(60, 280));
  let silenceMs: number | null | undefined;
  let awaited = false;
  let history: readonly { readonly role: string; readonly content: string }[] = [];
  let answers = 0;
  let lost = false;
  const check = (items: readonly SpeechItem[]) => {
    const known = joined(
      items.flatMap((item) =>
        item.type === 'message' && item.role !== 'system' ? [{ role: item.role, content: item.text }] : [],
      ),
    );
    const wanted = joined(history.filter(({ role, content }) => role !== 'system' && content.trim() !== ''));
    // In a further round the reply itself is the last message.
    const more =
      items.at(-1)?.type === 'result' && known.length === wanted.length + 1 ? known.pop() : undefined;
    if (known.length !== wanted.length || known.some((message, i) => !agrees(message, wanted[i])))
      found(`the model knows another conversation: ${JSON.stringify({ known, wanted, more })}`);
    if (
      known.some(
        ({ role, content }, i) => role === 'assistant' && plain(content) !== plain(wanted[i]?.content ?? ''),
      )
    )
      reached('a speech model learned how much of its reply was heard');
    const inserted = engine.conversation.known.some(
      ({ item, msPerChar: spoken }) => item.type === 'message' && item.role === 'assistant' && !spoken,
    );
    if (inserted) reached('a speech model got as text what other engines had answered');
  };
  const engine = new ScriptedSpeech(clock, {
    renewMs: random.ms(20_000, 90_000),
    opens(number) {
      if (number > 0 && !lost) reached('a connection to a speech model was renewed');
      const fails = faults.does('speech.unreachable');
      lost = fails;
      return { afterMs: random.ms(5, 400), ...(fails && { fails: 'ENGINE_UNREACHABLE' as const }) };
    },
    ...(endsTurns && {
      endsTurnsAfterMs: () => {
        if (silenceMs === undefined) silenceMs = silence();
        return silenceMs;
      },
    }),
    hears(samples) {
      silenceMs = undefined;
      const listener = new Listener(said);
      for (const _text of listener.hear(samples));
      const wordsMs = faults.does('speech.slow') ? random.ms(1_000, 4_000) : random.ms(5, 300);
      lost = faults.does('speech.lost');
      if (lost) return { wordsMs, end: 'closes' };
      if (faults.does('speech.hang')) return { end: 'hangs' };
      if (faults.does('speech.error')) return { wordsMs, end: random.pick(['refused', 'wordless']) };
      return { text: listener.text, wordsMs };
    },
    responds(items) {
      check(items);
      answers += 1;
      const text = random.pick(REPLIES);
      const words = text.split(' ').length;
      lost = faults.does('speech.lost');
      const end = lost
        ? 'closes'
        : faults.does('speech.hang')
          ? 'hangs'
          : faults.does('speech.error')
            ? 'fails'
            : 'done';
      const count = !faults.calm && random.chance(0.12) ? 1 : 0;
      return {
        ...{ text, msPerChar, end, late: faults.does('speech.lateAfterCancel') },
        ...(end !== 'done' && { endsAt: random.int(0, words) }),
        firstMs: faults.does('speech.slow') ? random.ms(1_000, 6_000) : random.ms(5, 400),
        wordMs: faults.does('speech.trickle') ? random.ms(100, 400) : random.ms(0, 30),
        calls: Array.from({ length: count }, () => ({
          name: random.weighted({ wave: 6, nod: 4, dance: 2, halt: 1 }),
          args: {},
        })),
      };
    },
    sound: (word, samples) => new Int16Array(samples).fill(spoken.valueOf(word.trim(), VOICE)),
  });
  return {
    engine,
    observe(entry) {
      if (entry.type === 'child.end' && entry.kind === 'llm' && entry.how === 'error' && lost)
        reached('a speech model was lost in mid-reply');
      if (entry.type === 'event') {
        const { event, state } = entry;
        if (event.type === 'transcript.partial') {
          if (event.end === 'reached' && state === 'processing') reached('a speech model ended a turn');
          awaited = event.end === 'awaited';
        }
        if (awaited && delayName(event.type) === 'endpointDelay')
          reached('a speech model did not end a turn, and silence did');
        return;
      }
      if (entry.type !== 'command') return;
      const { command } = entry;
      if (command.type === 'spawn' && (command.child === 'llm' || command.child === 'speculation'))
        history = command.input.messages;
      if (command.type !== 'persist') return;
      for (const conversation of engine.conversations)
        for (const complaint of conversation.complaints.splice(0)) found(complaint);
      if (engine.conversations.at(-1)?.closed && command.turn.heard !== '')
        reached('other engines answered while a speech model was gone');
      if (answers > 0 && command.turn.reason === 'completed' && command.turn.userText !== '')
        reached('a speech model heard a turn and answered it');
    },
  };
}

interface Said {
  readonly role: string;
  readonly content: string;
}

/** A reply of several rounds and a turn of several utterances are several messages. */
function joined(messages: readonly Said[]): Said[] {
  const all: Said[] = [];
  for (const message of messages) {
    const last = all.at(-1);
    if (last?.role !== message.role) all.push(message);
    else all.splice(-1, 1, { role: message.role, content: `${last.content} ${message.content}` });
  }
  return all;
}

function agrees({ role, content }: Said, wanted: Said | undefined): boolean {
  if (wanted?.role !== role) return false;
  const [known, told] = [plain(content), plain(wanted.content)];
  // The model counts the word that was being said in another way.
  return role === 'assistant' ? isWithin(told, known) || isWithin(known, told) : known === told;
}

/** Whether these words follow each other in `text`, perhaps with others between. */
function isWithin(words: string, text: string): boolean {
  const all = text.split(' ');
  let at = 0;
  return words.split(' ').every((word) => {
    at = all.indexOf(word, at) + 1;
    return at > 0;
  });
}

/** The model hears the wake phrase, which is not part of the turn; the words after it are in normal form in the history. */
function plain(text: string): string {
  return normaliseText(normaliseText(text, 'en').replaceAll(WAKE_WORDS, ' '), 'en');
}
