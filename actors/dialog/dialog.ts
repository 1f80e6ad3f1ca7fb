import type { JsonObject } from '../../machines/json.ts';
import type { PhraseNode, SlotOption, Slots } from './phrase.ts';

/** Something that the robot does. A string of `args` that is just `{slot}` becomes the slot's value. */
export interface DialogAction {
  readonly name: string;
  readonly args: JsonObject;
  /** How long a simulated robot takes for it. */
  readonly durationMs?: number;
}

/** What may be said, and what happens then. */
export interface DialogEntry {
  readonly id: string;
  readonly phrases: readonly PhraseNode[];
  /** One is picked for each reply. Empty only with actions or `halt`. */
  readonly replies: readonly string[];
  readonly actions: readonly DialogAction[];
  /** Saying it is a voice stop. */
  readonly halt: boolean;
  /** Slots that a phrase may leave out. */
  readonly defaults: Slots;
}

/** One concrete sentence of an entry, in normalised form. */
export interface DialogSentence {
  readonly text: string;
  readonly words: readonly string[];
  readonly entry: DialogEntry;
  /** With the entry's defaults filled in. */
  readonly slots: Slots;
}

/** A dialog file, checked and expanded. */
export interface Dialog {
  /** BCP 47. */
  readonly language: string;
  /** The robot's name: `{name}` in replies. */
  readonly name: string;
  /** Said when a conversation begins, if the server is told to. */
  readonly greeting?: string;
  readonly entries: readonly DialogEntry[];
  /** Every sentence of every entry, by its text. */
  readonly sentences: ReadonlyMap<string, DialogSentence>;
  readonly slots: ReadonlyMap<string, readonly SlotOption[]>;
  /** Replies to speech that was not understood, and to text that no entry matches. */
  readonly notUnderstood: readonly string[];
  /** Short phrases for the silence before a late reply. */
  readonly fillers: readonly string[];
  /** In normalised form. */
  readonly backchannels: readonly string[];
  /** Word → phonemes of the recogniser (ARPAbet), for words that its dictionary lacks. */
  readonly pronunciations: ReadonlyMap<string, string>;
}

/** The sentences that are a voice stop, in normalised form. */
export function haltPhrases(dialog: Dialog): readonly string[] {
  return [...dialog.sentences.values()].filter(({ entry }) => entry.halt).map(({ text }) => text);
}

/** The actions that the dialog can ask for, with how long a simulated robot takes for each (ms), if told. */
export function dialogActions(dialog: Dialog): ReadonlyMap<string, number | undefined> {
  const actions = new Map<string, number | undefined>();
  for (const { name, durationMs } of dialog.entries.flatMap((entry) => entry.actions)) {
    actions.set(name, durationMs ?? actions.get(name));
  }
  return actions;
}
