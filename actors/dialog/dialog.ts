import type { ActionTerms } from '../../machines/action-terms.ts';
import type { JsonObject } from '../../machines/json.ts';
import { baseLanguage } from '../../machines/policies/text.ts';
import { REPORTED_ENDS, type ReportedEnd } from '../../machines/wire.ts';
import type { Grammar } from './grammar.ts';
import type { PhraseNode } from './phrase.ts';
import type { RosMapping } from './schema.ts';
import type { Slots, SlotType } from './slots.ts';

/** A robot action. A string of `args` that consists only of `{slot}` becomes the slot's value. */
export interface DialogAction extends ActionTerms {
  readonly name: string;
  readonly args: JsonObject;
  /** Whether the robot moves meanwhile, so that its motors may be heard. */
  readonly moves?: boolean;
  /** Duration on a simulated robot, ms. */
  readonly durationMs?: number;
  /** What executes it on a robot with ROS. */
  readonly ros?: RosMapping;
  /** Texts to speak when it has ended so: of each list the first that can be filled. */
  readonly says: Readonly<Record<ReportedEnd, readonly string[]>>;
}

/** Phrases that the robot understands, with their replies and actions. */
export interface DialogEntry {
  readonly id: string;
  readonly phrases: readonly PhraseNode[];
  /** One is picked for each reply. Empty only with actions or `halt`. */
  readonly replies: readonly string[];
  readonly actions: readonly DialogAction[];
  /** Whether saying it is a voice stop. */
  readonly halt: boolean;
  /** Below this confidence (0 to 1) recognised words are confirmed before the entry acts. 0: never. */
  readonly askBelow: number;
  /** Values of slots that a phrase may omit. */
  readonly defaults: Slots;
  /** Whether it is heard only while it is expected, see `heardNow`. */
  readonly ifExpected?: true;
  /** What it says about the user, by name: texts with slots. */
  readonly remember: Readonly<Record<string, string>>;
}

/** A dialog file, validated. */
export interface Dialog {
  /** BCP 47. */
  readonly language: string;
  /** The robot's name: `{name}` in replies. */
  readonly name: string;
  /** Spoken when a conversation begins, if the server is configured to. */
  readonly greeting?: string;
  readonly entries: readonly DialogEntry[];
  /** All phrases of all entries. */
  readonly grammar: Grammar;
  /** The sentences that are a voice stop, in normalised form. */
  readonly halts: readonly string[];
  readonly slots: ReadonlyMap<string, SlotType>;
  /** Replies to speech that was not understood, and to text that matches no entry. */
  readonly notUnderstood: readonly string[];
  /** Short phrases for the silence before a late reply. */
  readonly fillers: readonly string[];
  /** Phrases that wake the robot, in normalised form. */
  readonly wake: readonly string[];
  /** In normalised form. */
  readonly backchannels: readonly string[];
  /** Word → phonemes of the recogniser (ARPAbet), for words missing in its dictionary. */
  readonly pronunciations: ReadonlyMap<string, string>;
  /** The file, if it has a `behaviour` too. */
  readonly behaviourFile?: string;
  /** The same robot in other languages; none has others of its own. */
  readonly others?: readonly Dialog[];
}

/** The dialog in all its languages, its own first. */
export function allLanguages(dialog: Dialog): readonly Dialog[] {
  return [dialog, ...(dialog.others ?? [])];
}

/** The dialog in a language (BCP 47); undefined if it is in no language like that. */
export function dialogIn(dialog: Dialog, language: string): Dialog | undefined {
  const base = baseLanguage(language);
  return allLanguages(dialog).find((one) => baseLanguage(one.language) === base);
}

function actionsOf(dialog: Dialog): readonly DialogAction[] {
  return allLanguages(dialog).flatMap(({ entries }) => entries.flatMap(({ actions }) => actions));
}

/** The sentences that are a voice stop in any of its languages, in normalised form. */
export function haltPhrases(dialog: Dialog): readonly string[] {
  return allLanguages(dialog).flatMap(({ halts }) => halts);
}

/** The time limits of the dialog's actions, ms; of several for one action the longest. */
export function actionDeadlines(dialog: Dialog): Readonly<Record<string, number>> {
  const limits: Record<string, number> = {};
  for (const { name, deadlineMs } of actionsOf(dialog))
    if (deadlineMs !== undefined) limits[name] = Math.max(limits[name] ?? 0, deadlineMs);
  return limits;
}

/** The actions that may outlive their reply, by name; of several entries for one action the first that says so. */
export function lastingActions(dialog: Dialog): Readonly<Record<string, ActionTerms>> {
  const terms: Record<string, ActionTerms> = {};
  for (const { name, whenInterrupted, group } of actionsOf(dialog))
    if (whenInterrupted || group)
      terms[name] ??= { ...(whenInterrupted && { whenInterrupted }), ...(group && { group }) };
  return terms;
}

/** The names of the actions that move the robot. */
export function movingActions(dialog: Dialog): readonly string[] {
  const moving = actionsOf(dialog).filter(({ moves }) => moves);
  return [...new Set(moving.map(({ name }) => name))];
}

/** The texts about one end of an action; of several entries for one action the first that has some. */
export function tellsOf(dialog: Dialog, name: string, end: ReportedEnd): readonly string[] {
  const actions = dialog.entries.flatMap((entry) => entry.actions).filter((action) => action.name === name);
  return actions.map(({ says }) => says[end]).find((texts) => texts.length > 0) ?? [];
}

/** The ends of actions that the dialog has texts about, by name of the action. */
export function toldEnds(dialog: Dialog): Readonly<Record<string, readonly ReportedEnd[]>> {
  const says = (name: string, end: ReportedEnd) =>
    allLanguages(dialog).some((one) => tellsOf(one, name, end).length > 0);
  return Object.fromEntries(
    [...dialogActions(dialog).keys()]
      .map((name) => [name, REPORTED_ENDS.filter((end) => says(name, end))] as const)
      .filter(([, said]) => said.length > 0),
  );
}

/** The actions of the dialog, with their duration on a simulated robot (ms) if given. */
export function dialogActions(dialog: Dialog): ReadonlyMap<string, number | undefined> {
  const actions = new Map<string, number | undefined>();
  for (const { name, durationMs } of actionsOf(dialog)) {
    actions.set(name, durationMs ?? actions.get(name));
  }
  return actions;
}

/** What executes the dialog's actions on a robot with ROS, by name; of several entries for one action the first that says so. */
export function rosMappings(dialog: Dialog): ReadonlyMap<string, RosMapping> {
  const mappings = new Map<string, RosMapping>();
  for (const { name, ros } of actionsOf(dialog)) if (ros && !mappings.has(name)) mappings.set(name, ros);
  return mappings;
}
