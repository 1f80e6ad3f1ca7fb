/** Speech during a reply: playback is ducked, then paused, until it is clear whether it interrupts. */
import type { SessionParameters } from '../../parameters.ts';
import { isOwnSpeech, wordsAround } from '../../policies/own-words.ts';
import { consistsOf, isAmong, normaliseText, wordsOf } from '../../policies/text.ts';
import type { PlaybackState } from '../../wire.ts';
import { isAnswer } from '../asking/asking.ts';
import { isPlainlyUnlike, modeOf } from '../attention/attention.ts';
import { isLoud } from '../body/body.ts';
import { publish, send } from '../effects.ts';
import { languageOf } from '../language/language.ts';
import type { Effect, Reducer, SessionContext } from '../model.ts';
import { isHeld } from '../stop-lane/stop-lane.ts';
import { isQuestionHeard } from '../tools/consent.ts';
import { isBackchannel, listFor } from './backchannel.ts';

/** Whether these words, spoken during a reply, interrupt it. */
export function interrupts(text: string, context: SessionContext, parameters: SessionParameters): boolean {
  const { words } = parameters;
  const language = languageOf(context);
  if (isAmong(text, words.halt, language)) return true;
  if (answersQuestion(text, context, parameters)) return true;
  return (
    normaliseText(text, language) !== '' &&
    !isBackchannel(text, language, words.backchannels) &&
    !agrees(text, context, parameters) &&
    !isOwn(text, context, parameters)
  );
}

/** Whether the text is a yes or no to the open question. Until the user has heard that a call may begin, it answers nothing. */
function answersQuestion(text: string, context: SessionContext, parameters: SessionParameters): boolean {
  const { reply, listener } = context;
  if (reply && !isQuestionHeard(reply, context, listener?.heard ?? 0)) return false;
  return isAnswer('yes', text, context, parameters) || isAnswer('no', text, context, parameters);
}

/** Whether the final words do. So do those that were rejected but may be for the robot. */
export function finalInterrupts(context: SessionContext, parameters: SessionParameters): boolean {
  const { text = '', rejected } = context.utterance?.final ?? {};
  if (text !== '' || rejected?.reason !== 'unlike') return interrupts(text, context, parameters);
  if (parameters.attention.unlikeBelow === 0 || isPlainlyUnlike(context, parameters)) return false;
  return interrupts(rejected.nearest, context, parameters);
}

/** Whether the text is a yes to a reply that has asked nothing. */
function agrees(text: string, context: SessionContext, { bargeIn, words }: SessionParameters): boolean {
  const language = languageOf(context);
  if (!bargeIn.yesListens || /[?？]/u.test(context.reply?.text ?? '')) return false;
  return consistsOf(text, listFor(language, words.yes), language);
}

/** Whether a partial transcript does. Where motors or other people are heard, two that begin alike are needed. */
export function partialInterrupts(
  text: string,
  context: SessionContext,
  parameters: SessionParameters,
): boolean {
  if (!interrupts(text, context, parameters)) return false;
  const language = languageOf(context);
  const others = modeOf(context) === 'addressed';
  if (!others && !isLoud(context, parameters)) return true;
  if (!others && isAmong(text, parameters.words.halt, language)) return true;
  const [first] = wordsOf(context.utterance?.partial ?? '', language);
  return first !== undefined && wordsOf(text, language)[0] === first;
}

/**
 * Speech so far that does not interrupt by its length: a backchannel, a sound without words while motors are heard or where words would
 * be known by now, and anything where speech may be for others.
 */
export function soundsLikeListener(context: SessionContext, parameters: SessionParameters): boolean {
  const { utterance } = context;
  if (!utterance) return false;
  if (modeOf(context) === 'addressed') return true;
  if (utterance.partial === '') return parameters.partials === true || isLoud(context, parameters);
  return !interrupts(utterance.partial, context, parameters);
}

/** Speech that does not interrupt however long it is: the robot's own, and any that may be for others. */
export function isIgnored(context: SessionContext, parameters: SessionParameters): boolean {
  const { utterance } = context;
  if (!utterance) return false;
  return modeOf(context) === 'addressed' || isOwn(utterance.partial, context, parameters);
}

/** Text is spoken at most this fast, UTF-16 units a ms: slow enough words are only looked for farther back. */
const FASTEST_SPEECH = 0.02;
/** Between a sample's place in the track and its echo in the transcript's audio, ms: network, buffer, room and padding of the onset. */
const ECHO_MS = 700;
/** The known position is at most about a word behind what sounds. */
const AHEAD = 20;

/** Whether these words are what the robot itself has been saying since they began. */
export function isOwn(text: string, context: SessionContext, { bargeIn }: SessionParameters): boolean {
  const { reply, listener, utterance, nowMs } = context;
  if (!bargeIn.ownWords || !reply || !listener || !utterance) return false;
  const sinceMs = nowMs - utterance.startedAtMs + ECHO_MS;
  const said = reply.segments.join('');
  const saying = wordsAround(
    said,
    listener.heard - Math.ceil(FASTEST_SPEECH * sinceMs),
    listener.heard + AHEAD,
  );
  return isOwnSpeech(text, saying, languageOf(context));
}

/** Whether a reply becomes softer where it is not clear that a user speaks to the robot. */
export function ducks({ bargeIn }: SessionParameters): boolean {
  return bargeIn.duckMs > 0;
}

/** Whether certain speech pauses a reply before it is clear that it interrupts. */
export function pauses({ bargeIn }: SessionParameters): boolean {
  return bargeIn.pauseAtOnce;
}

/** Whether a paused reply stays paused for a while after the sound, for its words. */
export function awaitsWords(parameters: SessionParameters): boolean {
  return ducks(parameters) && parameters.bargeIn.wordsMs > 0;
}

/** A reply that nothing softens is paused until the verdict; others only where the speech is certain. */
export function pauseAtYielding(parameters: SessionParameters): Reducer {
  return (context, event) => (ducks(parameters) ? {} : pausePlayout(context, event));
}

/** The same where speech is heard. */
export function pauseAtHearing(parameters: SessionParameters): Reducer {
  return (context, event) => (ducks(parameters) ? pausePlayout(context, event) : {});
}

/** The sound has ended: a reply that can be softer goes on so, unless it waits for the words. */
export function resumeUnlessAwaited(parameters: SessionParameters): Reducer {
  return (context, event) =>
    ducks(parameters) && !awaitsWords(parameters) ? resumeDucked(context, event) : {};
}

/** The reply plays on, softer. */
export const duckPlayout: Reducer = (context) =>
  playsNow(context) ? { effects: [says(context, 'ducked')] } : {};

/** A paused reply continues at the same sample, softer. */
export const resumeDucked: Reducer = (context) =>
  playsNow(context) ? { effects: [says(context, 'ducked'), send('playback', { type: 'resume' })] } : {};

export const pausePlayout: Reducer = (context) =>
  playsNow(context) ? { effects: [send('playback', { type: 'pause' }), says(context, 'paused')] } : {};

export const resumePlayout: Reducer = (context) =>
  playsNow(context) ? { effects: [says(context, 'playing'), send('playback', { type: 'resume' })] } : {};

/** A reply in text has no playback. While a stop is suspected all is paused; then the state decides how it goes on. */
function playsNow(context: SessionContext): boolean {
  return context.input.output !== 'text' && !isHeld(context);
}

function says({ generation }: SessionContext, state: PlaybackState): Effect {
  return publish({ type: 'playback', generation, state });
}
