import { delayName } from '../../machines/kernel.ts';
import type { LogEntry } from '../../machines/log.ts';
import { defaultParameters } from '../../machines/parameters.ts';
import type { Attention, PublicState, SessionMessage } from '../../machines/wire.ts';
import { BesideWatch } from './beside-watch.ts';
import { FillerWatch } from './filler-watch.ts';
import { HALT_WORDS } from './script.ts';
import type { Sometimes } from './sometimes.ts';

/** Meaning of each expired delay of the chart. */
const MISSED: ReadonlyMap<string, Sometimes> = new Map<string, Sometimes>([
  ['maxUtterance', 'an utterance was ended because it was too long'],
  ['sttDeadline', 'recognition missed its deadline'],
  ['recallDeadline', 'memory missed its deadline'],
  ['llmFirstToken', 'the language engine missed the deadline of its first token'],
  ['llmStall', 'the language engine stalled in mid-sentence'],
  ['ttsDeadline', 'speech synthesis missed its deadline'],
  ['suspicion', 'a suspected stop came to nothing'],
  ['actionDeadline', 'an action missed its deadline'],
  ['lastingDeadline', 'an action that outlived its reply missed its deadline'],
  ['answerDeadline', 'a question got no answer'],
]);

/** Watches one session's log for the events that should sometimes happen. */
export class SometimesWatch {
  readonly #reached: (name: Sometimes) => void;
  #state: PublicState = 'idle';
  #before: PublicState = 'idle';
  #event = 'start';
  #paused = false;
  #words = '';
  #generation = 0;
  #begunHere = false;
  #ended = 0;
  #endedTurn = 0;
  #replyText = '';
  #speaking = false;
  #manual = false;
  #lasting = false;
  #sounding = false;
  #question = false;
  readonly #filler: FillerWatch;
  readonly #beside: BesideWatch;
  /** The newest generation that was prepared and taken over. */
  #taken = 0;
  /** The newest generation with audio. */
  #spoken = 0;

  /** `attention`: of the session. */
  constructor(reached: (name: Sometimes) => void, attention: Attention = 'always') {
    this.#reached = reached;
    this.#beside = new BesideWatch(reached, attention);
    this.#filler = new FillerWatch(reached);
  }

  observe(entry: LogEntry): void {
    this.#filler.observe(entry);
    this.#beside.observe(entry);
    if (entry.type === 'event') this.#onEvent(entry);
    else if (entry.type === 'frame') this.#sounding = true;
    else if (entry.type === 'child.end' && entry.kind === 'speculation') {
      if (entry.generation !== this.#taken && entry.how === 'cancelled')
        this.#reached('a speculation was discarded');
    } else if (entry.type === 'command') {
      const { command } = entry;
      if (command.type === 'publish') this.#message(command.message);
      if (command.type === 'persist' && command.turn.reason === 'completed' && command.turn.replyText === '')
        this.#reached('a turn was kept without a reply');
      if (command.type === 'spawn' && command.child === 'llm' && command.input.results)
        this.#reached('a reply was about the result of an action');
      if (command.type === 'spawn' && command.child === 'llm' && command.input.speculated) {
        this.#taken = command.input.generation;
        this.#reached('a reply took over a speculation');
      }
      if (command.type === 'spawn' && command.child === 'playback') this.#spoken = command.input.generation;
      if (command.type === 'spawn' && command.child === 'actions') {
        this.#replyText = '';
        this.#sounding = false;
      }
    }
  }

  #onEvent({ event, state }: LogEntry & { type: 'event' }): void {
    this.#before = this.#state;
    this.#state = state;
    this.#event = event.type;
    this.#begunHere = false;
    const before = this.#before;
    switch (event.type) {
      case 'speech.start':
        if (before === 'processing' && this.#generation > this.#ended && !this.#sounding)
          this.#reached('a barge-in came before the first audio frame');
        if (before === 'processing' && state === 'speaking')
          this.#reached('the user spoke while only an action ran');
        if (before === 'listening' && state === 'listening')
          this.#reached('the user continued after a pause');
        if (this.#manual) this.#reached('speech was not listened to because the client ends the turns');
        if (before !== 'stopped' && !this.#manual) this.#speaking = true;
        this.#words = '';
        return;
      case 'speech.stop':
        this.#speaking = false;
        return;
      case 'transcript.partial':
        this.#words = event.text;
        return;
      case 'xstate.done.actor.stt':
        if (this.#speaking) this.#reached('recognition ended while the user still spoke');
        this.#words = event.output.text;
        if (this.#question && this.#words === 'yes') this.#reached('a question was answered with yes');
        return;
      case 'xstate.error.actor.tts':
        // Its engine had given audio, and still had more to give.
        if (event.listener?.aliveAtMs !== undefined && event.listener.firstAudioAtMs !== undefined)
          this.#reached('speech synthesis died in mid-segment');
        return;
      case 'commit':
        if (state === 'processing' && this.#manual) this.#reached('audio was committed');
        if (state === 'processing' && before === 'listening')
          this.#reached('an utterance was committed before its end');
        return;
      case 'respond':
        if (before === 'idle' && state === 'processing')
          this.#reached('a reply began without a turn of the user');
        return;
      case 'settings':
        if (event.change.turnDetection) this.#manual = event.change.turnDetection.mode === 'manual';
        if (this.#manual) this.#speaking = false;
        if (before === 'listening') this.#reached('the settings changed while the user spoke');
        if (before === 'speaking') this.#reached('the settings changed while a reply ran');
        return;
      case 'text':
        if (before === 'speaking') this.#reached('a text was typed over a sounding reply');
        return;
      case 'halt':
        if (this.#paused) this.#reached('voice stop while the reply was paused');
        if (before === 'listening') this.#reached('voice stop while listening');
        if (before === 'processing') this.#reached('voice stop while processing');
        if (this.#lasting) this.#reached('voice stop while an action outlived its reply');
        return;
      case 'stop.suspected':
        if (this.#paused) this.#reached('a stop was suspected while the reply was paused');
        return;
      case 'stop.confirmed':
        this.#reached('a suspected stop was confirmed');
        return;
      case 'stop.refuted':
        this.#reached('a suspected stop was refuted');
        return;
      case 'llm.action':
        if (state === 'stopped') this.#reached('voice stop by the language engine');
        return;
      case 'bye':
      case 'lost':
        if (before === 'speaking' || before === 'processing') this.#reached('a session ended in mid-reply');
        return;
      case 'xstate.error.actor.speculation':
        this.#reached('a speculation failed');
        return;
      case 'ear.failed':
        this.#reached('the ear failed');
        return;
      default:
        this.#onTimer(event.type);
    }
  }

  #onTimer(type: string): void {
    if (!type.startsWith('xstate.after.')) return;
    const name = MISSED.get(delayName(type));
    if (name) this.#reached(name);
  }

  #message(message: SessionMessage): void {
    switch (message.type) {
      case 'playback':
        this.#paused = message.state === 'paused';
        if (/^stop\.|\.suspicion\./.test(this.#event)) return;
        if (this.#event === 'speech.hint') this.#reached('a first sign of speech ducked the reply');
        else if (this.#event.includes('hintDeadline'))
          this.#reached('a first sign of speech was none, and the reply became loud again');
        else if (message.state === 'ducked') this.#reached('a paused reply went on ducked');
        else if (!this.#paused)
          this.#reached(
            this.#words.trim() === ''
              ? 'a sound without words did not interrupt'
              : 'a backchannel did not interrupt',
          );
        return;
      case 'reply':
        this.#replyText += message.text;
        this.#phrase(message.text);
        return;
      case 'reply.end':
        if (this.#event === 'commit') this.#reached('a commit interrupted a reply');
        if (this.#paused && !/^(halt|stop\.confirmed)$/.test(this.#event) && message.reason === 'interrupted')
          this.#reached('a barge-in was confirmed while the reply was paused');
        this.#paused = false;
        this.#ended = message.generation;
        this.#endedTurn = message.turn;
        if (message.generation !== this.#spoken && message.heard !== '') {
          if (message.reason === 'completed') this.#reached('a text-only reply was completed');
          if (message.reason === 'interrupted') this.#reached('a text-only reply was interrupted');
        }
        if (message.reason === 'failed') this.#reached('a reply ended as failed');
        if (
          message.reason === 'interrupted' &&
          message.heard !== '' &&
          message.heard !== this.#replyText.trim()
        )
          this.#reached('an interrupted reply was heard in part');
        return;
      case 'transcript':
        if (message.final && this.#event === 'discarded.words')
          this.#reached('a stop was in force although other input had discarded its speech');
        if (message.final && message.text === HALT_WORDS && this.#state === 'stopped')
          this.#reached('voice stop by the words of the user');
        return;
      case 'state':
        this.#lasting = message.actions !== undefined;
        if (this.#lasting && message.value === 'idle') this.#reached('an action outlived its reply');
        if (
          message.value === 'idle' &&
          this.#before === 'processing' &&
          message.generation === this.#generation &&
          this.#ended === this.#generation &&
          !this.#begunHere &&
          this.#event !== 'interrupt'
        )
          this.#reached('noise made no turn');
        if (message.generation > this.#generation) {
          if (message.turn === this.#endedTurn)
            this.#reached('the user continued after the turn was judged over, and the turn was continued');
          this.#generation = message.generation;
          this.#begunHere = true;
        }
        return;
      case 'action':
        if (this.#event === 'action.result') this.#reached('a client reported the result of an action');
        else if (message.status === 'refused') this.#reached('a robot action was refused');
        if (message.status === 'cancelled' && this.#event === 'llm.action')
          this.#reached('an action that outlived its reply was replaced');
        else if (message.status === 'cancelled' && this.#event !== 'halt')
          this.#reached('a robot action was cancelled by a barge-in');
        return;
      case 'error':
        if (message.code === 'SESSION_STOPPED' && this.#event === 'text')
          this.#reached('a text came while stopped');
        if (message.code === 'NOTHING_TO_COMMIT') this.#reached('a commit had nothing to commit');
        if (message.code === 'ACTION_RESULT_UNEXPECTED')
          this.#reached('a result came for an action that did not run');
        if (message.code === 'ENGINE_LOST') this.#reached('a worker was lost');
        if (message.code === 'ENGINE_NO_WORKER') this.#reached('no worker was available');
        return;
      default:
        return;
    }
  }

  #phrase(text: string): void {
    const { notUnderstood, sttFailed, llmFailed, didYouSay, sayAgain } = defaultParameters.phrases;
    const [question = ''] = didYouSay.split('{');
    this.#question = text.startsWith(question);
    if (this.#question) this.#reached('words that were not sure were asked about');
    if (text === sayAgain) this.#reached('the user was asked to say it again');
    if (text === notUnderstood) this.#reached('speech without a word understood was answered');
    if (text === sttFailed) this.#reached('a failure of recognition was reported aloud');
    if (text === llmFailed) this.#reached('a failure of the language engine was reported aloud');
  }
}
