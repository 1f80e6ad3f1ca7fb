import { ERRORS, type ErrorCode, type ErrorRecord } from './errors.ts';
import type { KernelEvent } from './kernel.ts';
import { delayName } from './oracle/brief.ts';
import {
  endReply,
  type OracleAction,
  type OracleReply,
  type OracleUtterance,
  say,
  type Words,
} from './oracle/reply.ts';
import type { SessionParameters } from './parameters.ts';
import { isBackchannel } from './policies/backchannel.ts';
import { endpointDelayMs } from './policies/endpointing.ts';
import { isAmong, joinText, normaliseWords } from './policies/text.ts';
import type { SessionInput } from './session/context.ts';
import type { ChildKind } from './session/events.ts';
import type { PublicState } from './wire.ts';

type Top = 'idle' | 'capturing' | 'endpointing' | 'responding' | 'stopped' | 'ended';
type Phase = 'transcribing' | 'asking' | 'thinking' | 'playing' | 'hearing' | 'judging' | 'acting' | 'done';
type Region = 'waiting' | 'running' | 'finished';
type Llm = 'waiting' | 'asking' | 'streaming' | 'finished';

/**
 * The statechart once more, by hand and without XState: a second opinion on every step. It foretells the commands of
 * a step in the form of `brief`, and where the session then is. It shares with the chart only the policies on words.
 *
 * It reads as the chart does: `#take` is what an event does, `#settle` what follows from it without an event.
 */
export class Oracle {
  readonly #p: SessionParameters;
  readonly #input: SessionInput;
  #top: Top = 'idle';
  #phase: Phase = 'transcribing';
  #tts: Region | 'synthesising' = 'waiting';
  #playback: Region = 'waiting';
  #actions: Region | 'busy' = 'waiting';
  #llm: Llm = 'waiting';
  #turn = 0;
  #generation = 0;
  #utterances = 0;
  #utterance: OracleUtterance | null = null;
  #pending: Words | null = null;
  #reply: OracleReply | null = null;
  readonly #history: string[] = [];
  readonly #children = new Set<ChildKind>();
  /** Children that the chart has not stopped yet, even if they have ended by themselves. */
  readonly #unstopped = new Set<ChildKind>();
  readonly #delays = new Map<string, number>();
  /** Raised within a step, taken when nothing else follows by itself. */
  #raised: ('reply.begin' | 'voice.lost')[] = [];
  #nowMs = 0;
  #out: string[] = [];

  constructor(parameters: SessionParameters, input: SessionInput) {
    this.#p = parameters;
    this.#input = input;
  }

  /** What the start itself asks for. */
  start(): readonly string[] {
    return ['say state idle 0 0'];
  }

  /** Takes an event and foretells its commands, in order. */
  step(event: KernelEvent, atMs: number): readonly string[] {
    if (this.#top === 'ended') return [];
    this.#nowMs = Math.max(this.#nowMs, atMs);
    this.#out = [];
    const before = this.state;
    const generation = this.#generation;
    if (event.type.startsWith('xstate.after.')) this.#takeTimer(delayName(event.type));
    else this.#take(event);
    this.#settle();
    if (this.state !== before || this.#generation !== generation)
      this.#out.push(`say state ${this.state} ${this.#turn} ${this.#generation}`);
    return this.#out;
  }

  get state(): PublicState {
    switch (this.#top) {
      case 'capturing':
      case 'endpointing':
        return 'listening';
      case 'responding':
        return ['playing', 'hearing', 'judging'].includes(this.#phase) ? 'speaking' : 'processing';
      default:
        return this.#top;
    }
  }

  /** Where in the chart, below the public state. */
  get detail(): string {
    if (this.#top !== 'responding') return this.#top;
    return `${this.#phase} tts:${this.#tts} playback:${this.#playback} actions:${this.#actions} llm:${this.#llm}`;
  }

  get turn(): number {
    return this.#turn;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Names of the delays that wait. */
  get delays(): readonly string[] {
    return [...this.#delays.keys()].sort();
  }

  /** Children that were started and neither ended nor were stopped. */
  get children(): readonly ChildKind[] {
    return [...this.#children].sort();
  }

  // ── what an event does ────────────────────────────────────────────────────────────────────────────────────────

  #take(event: KernelEvent): void {
    if (this.#top === 'responding' && (this.#takeInPhase(event) || this.#takeInRegions(event))) return;
    switch (event.type) {
      case 'speech.start':
        if (this.#top === 'idle') {
          this.#beginUtterance(event.sample, event.ageMs);
          this.#enterCapturing();
        } else if (this.#top === 'endpointing') {
          this.#cancel('endpointDelay');
          if (this.#utterance?.decided) this.#restartUtterance(event.sample, event.ageMs);
          else {
            if (this.#utterance) this.#utterance.endedAtMs = null;
            this.#out.push('say speech start');
          }
          this.#enterCapturing();
        }
        return;
      case 'speech.stop':
        if (this.#top !== 'capturing') return;
        this.#cancel('maxUtterance');
        this.#noteSpeechStop(event.ageMs);
        this.#enterEndpointing();
        return;
      case 'text':
        this.#takeText(event.text);
        return;
      case 'transcript.partial':
        if (this.#top === 'endpointing') this.#cancel('endpointDelay');
        this.#notePartial(event.text);
        if (this.#top === 'endpointing') this.#enterEndpointing();
        return;
      case 'xstate.done.actor.stt':
        this.#children.delete('stt');
        if (this.#utterance) this.#utterance.final = event.output;
        return;
      case 'xstate.error.actor.stt':
        this.#children.delete('stt');
        this.#failStt(event.error);
        return;
      case 'interrupt':
        if (this.#top !== 'responding') return;
        this.#leave(false);
        if (this.#utterance && this.#utterance.endedAtMs === null) this.#enterCapturing();
        else {
          this.#dropUtterance();
          this.#dropPending();
          this.#top = 'idle';
        }
        return;
      case 'estop':
        if (this.#top !== 'stopped') this.#enterStopped();
        return;
      case 'rearm':
        if (this.#top === 'stopped') this.#top = 'idle';
        return;
      case 'bye':
      case 'lost':
        this.#leave(false);
        this.#dropUtterance();
        this.#dropPending();
        this.#top = 'ended';
        return;
      case 'played':
        this.#noteAcknowledged(event.generation, event.samples);
        return;
      case 'ear.failed':
        if (this.#top !== 'capturing') this.#tell(event.error);
        else {
          this.#cancel('maxUtterance');
          this.#endSpeechUnheard(event.error);
          this.#enterEndpointing();
        }
        return;
    }
  }

  /** True if the place in the reply has something to do with the event. */
  #takeInPhase(event: KernelEvent): boolean {
    if (event.type === 'transcript.partial') {
      if (this.#phase !== 'hearing' && this.#phase !== 'judging') return false;
      const { interrupts, phase } = { interrupts: this.#interrupts(event.text), phase: this.#phase };
      if (interrupts) this.#leave(false);
      this.#notePartial(event.text);
      if (interrupts) phase === 'hearing' ? this.#enterCapturing() : this.#enterEndpointing();
      return true;
    }
    if ((event.type === 'speech.stop' || event.type === 'ear.failed') && this.#phase === 'hearing') {
      this.#cancel('confirmSpeech', 'backchannelMax');
      if (event.type === 'speech.stop') this.#noteSpeechStop(event.ageMs);
      else this.#endSpeechUnheard(event.error);
      this.#phase = 'judging';
      this.#finishUtterance();
      this.#delay('verdict', this.#p.bargeIn.verdictMs);
      return true;
    }
    if (event.type === 'playout.started') {
      if (this.#reply && this.#playback === 'running') this.#reply.audible = true;
      if (this.#phase === 'thinking') this.#phase = 'playing';
      return true;
    }
    if (this.#phase === 'asking') {
      if (event.type === 'xstate.done.actor.memory' && this.#reply) this.#reply.facts = event.output.facts;
      else if (event.type !== 'xstate.error.actor.memory') return this.#speechInPhase(event);
      this.#cancel('recallDeadline');
      this.#stop('memory');
      if (event.type === 'xstate.error.actor.memory') this.#tell(event.error);
      this.#enterThinking();
      return true;
    }
    return this.#speechInPhase(event);
  }

  #speechInPhase(event: KernelEvent): boolean {
    if (event.type !== 'speech.start') return false;
    const { sample, ageMs } = event;
    switch (this.#phase) {
      case 'transcribing':
        this.#leave(true);
        this.#restartUtterance(sample, ageMs);
        this.#enterCapturing();
        return true;
      case 'judging':
        this.#cancel('verdict');
        this.#restartUtterance(sample, ageMs);
        this.#enterHearing();
        return true;
      case 'playing':
      case 'acting':
        {
          this.#beginUtterance(sample, ageMs);
          this.#enterYielding();
        }
        return true;
      case 'thinking':
        if (this.#reply?.actions.some(({ status }) => status !== 'refused')) {
          this.#beginUtterance(sample, ageMs);
          this.#enterYielding();
        } else {
          this.#leave(true);
          this.#beginUtterance(sample, ageMs);
          this.#enterCapturing();
        }
        return true;
      case 'asking':
        this.#leave(true);
        {
          this.#beginUtterance(sample, ageMs);
          this.#enterCapturing();
        }
        return true;
      default:
        return false;
    }
  }

  /** The parts of a reply that run side by side. True if one of them was waiting for the event. */
  #takeInRegions(event: KernelEvent): boolean {
    const reply = this.#reply;
    if (!reply) return false;
    switch (event.type) {
      case 'segment.started':
        if (this.#tts !== 'running') return false;
        this.#tts = 'synthesising';
        this.#delay('ttsDeadline', this.#p.deadlines.ttsMs);
        return true;
      case 'segment.audio': {
        if (this.#tts !== 'synthesising') return false;
        this.#cancel('ttsDeadline');
        const segment = reply.segments[event.segment];
        const { samples, words, ready } = event;
        if (segment) reply.segments[event.segment] = { ...segment, samples, words, ready };
        if (ready) this.#tts = 'running';
        else this.#delay('ttsDeadline', this.#p.deadlines.ttsMs);
        return true;
      }
      case 'xstate.done.actor.tts':
        return this.#endTts(() => {});
      case 'xstate.error.actor.tts':
        return this.#endTts(() => this.#loseVoice(event.error));
      case 'playout.progress':
        if (this.#playback !== 'running') return false;
        reply.sent = event.sent;
        if (reply.acknowledged) return true;
        reply.played = Math.max(reply.played, event.samples);
        reply.playingSinceMs = event.moving ? this.#nowMs : null;
        return true;
      case 'xstate.done.actor.playback':
        if (!this.#endPlayback()) return false;
        reply.played = event.output.samples;
        reply.sent = event.output.samples;
        reply.playingSinceMs = null;
        return true;
      case 'xstate.error.actor.playback':
        if (!this.#endPlayback()) return false;
        this.#loseVoice(event.error);
        return true;
      case 'action.done':
      case 'action.failed': {
        if (this.#actions !== 'busy') return false;
        this.#cancel('actionDeadline');
        const action = reply.actions.find(({ id, status }) => id === event.id && status === 'started');
        if (action) {
          this.#endAction(action, event.type === 'action.done' ? 'done' : 'failed');
          if (event.type === 'action.failed') this.#tell(event.error);
        }
        this.#enterBusy();
        return true;
      }
      case 'xstate.done.actor.actions':
        return this.#endActions(null);
      case 'xstate.error.actor.actions':
        return this.#endActions(event.error);
      case 'llm.delta':
        if (!this.#heardFromLlm()) return false;
        if (event.text !== '') this.#out.push(...say(reply, event.text, false, this.#p));
        this.#delay('llmStall', this.#p.deadlines.llmStallMs);
        return true;
      case 'llm.action':
        if (this.#llm !== 'asking' && this.#llm !== 'streaming') return false;
        if (event.name === 'estop') {
          this.#enterStopped();
          return true;
        }
        this.#heardFromLlm();
        this.#startAction(event.id, event.name);
        this.#delay('llmStall', this.#p.deadlines.llmStallMs);
        return true;
      case 'xstate.done.actor.llm':
        return this.#endLlm(() => this.#out.push(...say(reply, '', true, this.#p)));
      case 'xstate.error.actor.llm':
        return this.#endLlm(() => this.#failLlm(reply, event.error));
      default:
        return false;
    }
  }

  #takeTimer(name: string): void {
    if (this.#delays.get(name) !== this.#nowMs) this.#out.push(`the delay ${name} was not due`);
    this.#delays.delete(name);
    const reply = this.#reply;
    switch (name) {
      case 'endpointDelay':
      case 'maxUtterance':
        this.#enterResponding();
        return;
      case 'sttDeadline':
        this.#stop('stt');
        this.#failStt(errorOf('STT_TIMEOUT'));
        return;
      case 'recallDeadline':
        this.#stop('memory');
        this.#tell(errorOf('MEMORY_TIMEOUT'));
        this.#enterThinking();
        return;
      case 'llmFirstToken':
      case 'llmStall':
        if (reply) this.#endLlm(() => this.#failLlm(reply, errorOf('LLM_TIMEOUT')));
        return;
      case 'ttsDeadline':
        this.#endTts(() => this.#loseVoice(errorOf('TTS_TIMEOUT')));
        return;
      case 'actionDeadline':
        for (const action of reply?.actions ?? []) {
          if (action.status !== 'started' || this.#nowMs - action.startedAtMs < this.#p.deadlines.actionMs)
            continue;
          this.#out.push(`send actions abandon ${action.id}`);
          this.#endAction(action, 'failed');
          this.#tell(errorOf('ACTION_TIMEOUT'));
        }
        this.#enterBusy();
        return;
      case 'confirmSpeech': {
        const partial = this.#utterance?.partial ?? '';
        if (partial !== '' && !this.#interrupts(partial)) return; // a listener, so far
        this.#leave(false);
        this.#enterCapturing();
        return;
      }
      case 'backchannelMax':
        this.#leave(false);
        this.#enterCapturing();
        return;
      case 'verdict':
        this.#goOnPlaying();
        return;
    }
  }

  // ── what follows by itself ────────────────────────────────────────────────────────────────────────────────────

  #settle(): void {
    for (;;) {
      if (this.#follow()) continue;
      const raised = this.#raised.shift();
      if (raised === 'reply.begin') this.#startChildren();
      else if (raised === 'voice.lost') this.#endVoice();
      else if (!this.#replyIsOver()) return;
      else this.#completeReply();
    }
  }

  /** One thing that the state itself asks for; false if there is none. */
  #follow(): boolean {
    if (this.#top === 'endpointing' && this.#settled()) {
      this.#cancel('endpointDelay');
      this.#enterResponding();
      return true;
    }
    if (this.#top !== 'responding') return false;
    const acts = this.#reply?.actions.some(({ status }) => status === 'started') ?? false;
    if (this.#actions === 'running' && acts) {
      this.#enterBusy();
      return true;
    }
    if (this.#actions === 'busy' && !acts) {
      this.#actions = 'running';
      this.#cancel('actionDeadline');
      return true;
    }
    switch (this.#phase) {
      case 'transcribing':
        return this.#followTranscribing();
      case 'thinking':
      case 'playing':
        if (this.#playback !== 'finished') return false;
        this.#phase = 'acting';
        return true;
      case 'judging':
        if (this.#interrupts(this.#utterance?.final?.text ?? '')) {
          this.#leave(false);
          this.#enterEndpointing();
          return true;
        }
        if (!this.#settled()) return false;
        this.#goOnPlaying();
        return true;
      case 'acting':
        if (this.#actions !== 'finished') return false;
        this.#phase = 'done';
        return true;
      default:
        return false;
    }
  }

  #followTranscribing(): boolean {
    const utterance = this.#utterance;
    const words = this.#wordsInHand();
    if (!utterance && !this.#pending) return false;
    if (utterance && !this.#settled()) return false;
    if (isAmong(words, this.#p.words.estop) || isAmong(utterance?.final?.text ?? '', this.#p.words.estop)) {
      this.#enterStopped(() => this.#takeUtterance());
      return true;
    }
    if (utterance) {
      const spokeMs = (utterance.endedAtMs ?? this.#nowMs) - utterance.startedAtMs;
      const { endpointing, phrases } = this.#p;
      const noise = spokeMs < endpointing.notUnderstoodMs || phrases.notUnderstood === '';
      this.#cancel('sttDeadline');
      if (words === '' && !utterance.failure && noise) {
        this.#dropUtterance();
        this.#dropPending();
        this.#top = 'idle';
        return true;
      }
      this.#takeUtterance();
    } else this.#cancel('sttDeadline');
    this.#enterRecalling();
    return true;
  }

  /** The reply's children start: first those that take, then those that give. */
  #startChildren(): void {
    if (this.#top !== 'responding' || this.#tts !== 'waiting' || !this.#reply) return;
    this.#tts = 'running';
    this.#playback = 'running';
    this.#actions = 'running';
    this.#spawn('tts', `${this.#generation}`);
    this.#spawn('playback', `${this.#generation}`);
    this.#spawn('actions', `${this.#generation}`);
    const { phrase, facts, userText } = this.#reply;
    if (phrase !== null) {
      this.#llm = 'finished';
      this.#out.push(...say(this.#reply, phrase, true, this.#p));
      return;
    }
    this.#llm = 'asking';
    const messages = [...(facts.length > 0 ? [`system: ${facts.join('\n')}`] : []), ...this.#history];
    this.#spawn('llm', `${this.#generation} ${[...messages, `user: ${userText}`].join(' | ')}`);
    this.#delay('llmFirstToken', this.#p.deadlines.llmFirstTokenMs);
  }

  #replyIsOver(): boolean {
    return (
      this.#top === 'responding' &&
      this.#phase === 'done' &&
      [this.#tts, this.#playback, this.#actions, this.#llm].every((region) => region === 'finished')
    );
  }

  #completeReply(): void {
    this.#leave(false, this.#reply?.failed ? 'failed' : 'completed');
    this.#top = 'idle';
  }

  // ── the states' entries, and the way out ──────────────────────────────────────────────────────────────────────

  #enterCapturing(): void {
    this.#top = 'capturing';
    const spokenMs = this.#nowMs - (this.#utterance?.startedAtMs ?? this.#nowMs);
    this.#delay('maxUtterance', Math.max(0, this.#p.endpointing.maxUtteranceMs - spokenMs));
  }

  #enterEndpointing(): void {
    this.#top = 'endpointing';
    const { final, partial } = this.#utterance ?? { final: null, partial: '' };
    const words = joinText(this.#pending?.text ?? '', final?.text ?? partial);
    const wholeMs = endpointDelayMs(words, this.#input.language, this.#p.endpointing, this.#p.words);
    const silentMs = this.#nowMs - (this.#utterance?.endedAtMs ?? this.#nowMs);
    this.#delay('endpointDelay', Math.max(0, wholeMs - silentMs));
  }

  #enterResponding(): void {
    this.#cancel('maxUtterance', 'endpointDelay');
    this.#top = 'responding';
    this.#phase = 'transcribing';
    this.#tts = this.#playback = this.#actions = this.#llm = 'waiting';
    this.#finishUtterance();
    this.#delay('sttDeadline', this.#p.deadlines.sttMs);
  }

  #enterRecalling(): void {
    if (!this.#pending) return;
    const { text, counted, phrase, failed } = this.#pending;
    if (!counted) this.#turn += 1;
    this.#generation += 1;
    this.#reply = {
      ...{ turn: this.#turn, generation: this.#generation, userText: text, phrase, failed },
      ...{ facts: [], text: '', cut: 0, segments: [], actions: [], played: 0, playingSinceMs: null },
      ...{ sent: 0, acknowledged: false, audible: false },
    };
    this.#pending = null;
    if (!this.#input.memory || phrase !== null) {
      this.#enterThinking();
      return;
    }
    this.#phase = 'asking';
    this.#delay('recallDeadline', this.#p.deadlines.recallMs);
    this.#spawn('memory', `'${text}'`);
  }

  #enterThinking(): void {
    this.#phase = 'thinking';
    this.#raised.push('reply.begin');
  }

  #enterYielding(): void {
    this.#out.push('send playback pause', `say duck ${this.#generation} true`);
    this.#enterHearing();
  }

  #enterHearing(): void {
    this.#phase = 'hearing';
    this.#delay('confirmSpeech', this.#p.bargeIn.confirmSpeechMs);
    this.#delay('backchannelMax', this.#p.bargeIn.backchannelMaxMs);
  }

  #goOnPlaying(): void {
    this.#cancel('verdict');
    this.#dropUtterance();
    this.#out.push(`say duck ${this.#generation} false`, 'send playback resume');
    if (this.#reply?.audible) this.#phase = 'playing';
    else this.#enterThinking();
  }

  #enterStopped(onTheWay: () => void = () => {}): void {
    this.#leave(false);
    onTheWay();
    this.#dropUtterance();
    this.#dropPending();
    this.#top = 'stopped';
  }

  /** Out of wherever it is: the delays are cancelled, the reply's children stopped, the reply ended; in this order. */
  #leave(continued: boolean, reason: 'completed' | 'failed' | 'interrupted' = 'interrupted'): void {
    this.#cancel('maxUtterance', 'endpointDelay');
    if (this.#top !== 'responding') return;
    this.#raised = [];
    this.#cancel('llmFirstToken', 'llmStall');
    if (this.#llm === 'asking' || this.#llm === 'streaming') this.#stop('llm');
    this.#cancel('actionDeadline');
    if (this.#actions === 'running' || this.#actions === 'busy') this.#stop('actions');
    if (this.#playback === 'running') this.#stop('playback');
    this.#cancel('ttsDeadline');
    if (this.#tts === 'running' || this.#tts === 'synthesising') this.#stop('tts');
    this.#cancel('confirmSpeech', 'backchannelMax', 'verdict', 'recallDeadline', 'sttDeadline');
    if (this.#phase === 'asking') this.#stop('memory');
    const reply = this.#reply;
    if (!reply) return;
    const since = reply.playingSinceMs === null ? 0 : this.#nowMs - reply.playingSinceMs;
    if (since > 0)
      reply.played = Math.min(
        reply.sent,
        reply.played + Math.floor((since * this.#input.outputRate) / 1_000),
      );
    const heard = endReply(reply, reason, continued, this.#out);
    this.#reply = null;
    if (continued) {
      this.#pending = { text: reply.userText, counted: true, phrase: null, failed: false };
      return;
    }
    this.#remember(reply.userText, heard);
  }

  // ── the regions' ends ─────────────────────────────────────────────────────────────────────────────────────────

  #endTts(then: () => void): boolean {
    if (this.#tts !== 'running' && this.#tts !== 'synthesising') return false;
    this.#cancel('ttsDeadline');
    this.#stop('tts');
    this.#tts = 'finished';
    then();
    return true;
  }

  #endPlayback(): boolean {
    if (this.#playback !== 'running') return false;
    this.#playback = 'finished';
    this.#stop('playback');
    return true;
  }

  #endLlm(then: () => void): boolean {
    if (this.#llm !== 'asking' && this.#llm !== 'streaming') return false;
    this.#cancel('llmFirstToken', 'llmStall');
    this.#stop('llm');
    this.#llm = 'finished';
    then();
    return true;
  }

  #endActions(error: ErrorRecord | null): boolean {
    if (this.#actions !== 'running' && this.#actions !== 'busy') return false;
    this.#cancel('actionDeadline');
    this.#stop('actions');
    this.#actions = 'finished';
    const running = this.#reply?.actions.filter(({ status }) => status === 'started') ?? [];
    if (error === null || running.length === 0) return true;
    for (const action of running) this.#endAction(action, 'failed');
    this.#tell(error);
    return true;
  }

  #enterBusy(): void {
    this.#actions = 'busy';
    const oldest = this.#reply?.actions.find(({ status }) => status === 'started');
    const ranMs = this.#nowMs - (oldest?.startedAtMs ?? this.#nowMs);
    this.#delay('actionDeadline', Math.max(0, this.#p.deadlines.actionMs - ranMs));
  }

  #endAction(action: OracleAction, status: 'done' | 'failed'): void {
    action.status = status;
    this.#out.push(`say action ${action.id} ${action.name} ${status}`);
  }

  #heardFromLlm(): boolean {
    if (this.#llm !== 'asking' && this.#llm !== 'streaming') return false;
    this.#cancel('llmFirstToken', 'llmStall');
    this.#llm = 'streaming';
    return true;
  }

  #failLlm(reply: OracleReply, error: ErrorRecord): void {
    reply.failed = true;
    this.#tell(error);
    this.#out.push(...say(reply, reply.text.trim() === '' ? this.#p.phrases.llmFailed : '', true, this.#p));
  }

  #loseVoice(error: ErrorRecord): void {
    if (this.#reply) this.#reply.failed = true;
    this.#tell(error);
    this.#raised.push('voice.lost');
  }

  #endVoice(): void {
    const asked = this.#endLlm(() => {});
    this.#endTts(() => {});
    if (asked && this.#reply) this.#out.push(...say(this.#reply, '', true, this.#p));
  }

  #startAction(id: string, name: string): void {
    if (this.#reply?.actions.some((action) => action.id === id)) return;
    const { allow } = this.#p.actions;
    const allowed = allow.includes('*') || allow.includes(name);
    const status = allowed ? 'started' : 'refused';
    this.#reply?.actions.push({ id, name, status, startedAtMs: this.#nowMs });
    this.#out.push(`say action ${id} ${name} ${status}`);
    if (allowed) this.#out.push(`send actions run ${id}`);
    else this.#tell(errorOf('ACTION_REFUSED'));
  }

  // ── the utterance and its words ───────────────────────────────────────────────────────────────────────────────

  #beginUtterance(sample: number, ageMs: number): void {
    if (this.#utterance) this.#stop('stt');
    const startedAtMs = Math.max(0, this.#nowMs - ageMs);
    this.#utterance = {
      ...{ startSample: sample, startedAtMs, endedAtMs: null, decided: false },
      ...{ partial: '', final: null, failure: null },
    };
    this.#spawnStt();
  }

  /** The whole utterance is heard again, with what follows. */
  #restartUtterance(sample: number, ageMs: number): void {
    const utterance = this.#utterance;
    if (!utterance) {
      this.#beginUtterance(sample, ageMs);
      return;
    }
    this.#stop('stt');
    this.#utterance = { ...utterance, endedAtMs: null, decided: false, final: null, failure: null };
    this.#spawnStt();
  }

  #spawnStt(): void {
    this.#utterances += 1;
    this.#spawn('stt', `${this.#utterances} from ${this.#utterance?.startSample}`);
    this.#out.push('say speech start');
  }

  #noteSpeechStop(ageMs: number): void {
    if (this.#utterance) this.#utterance.endedAtMs = Math.max(0, this.#nowMs - ageMs);
    this.#out.push('say speech stop');
  }

  #notePartial(text: string): void {
    if (!this.#utterance) return;
    this.#utterance.partial = text;
    this.#out.push(`say transcript ${this.#turnInHand()} partial '${text}'`);
  }

  /** Nothing more is listened to: STT owes its last word. */
  #finishUtterance(): void {
    const utterance = this.#utterance;
    if (!utterance || utterance.decided) return;
    utterance.decided = true;
    utterance.endedAtMs ??= this.#nowMs;
    if (!this.#settled()) this.#out.push('send stt finish');
  }

  #failStt(error: ErrorRecord): void {
    if (!this.#utterance) return;
    this.#utterance.failure = error;
    this.#tell(error);
  }

  /** The ear is gone: nobody will say when the user's speech ends. */
  #endSpeechUnheard(error: ErrorRecord): void {
    this.#tell(error);
    this.#noteSpeechStop(0);
  }

  #dropUtterance(): void {
    if (!this.#utterance) return;
    this.#utterance = null;
    this.#stop('stt');
  }

  /** Nothing will answer these words; counted ones are stored and remembered nevertheless. */
  #dropPending(): void {
    const pending = this.#pending;
    this.#pending = null;
    if (!pending?.counted || pending.text === '') return;
    this.#remember(pending.text, '');
    this.#out.push(`persist ${this.#turn} ${this.#generation} interrupted '${pending.text}' '' ''`);
  }

  #remember(user: string, assistant: string): void {
    if (user) this.#history.push(`user: ${user}`);
    if (assistant) this.#history.push(`assistant: ${assistant}`);
    this.#history.splice(0, Math.max(0, this.#history.length - this.#p.history.maxMessages));
  }

  #takeUtterance(): void {
    const utterance = this.#utterance;
    if (!utterance) return;
    const text = this.#wordsInHand();
    const turn = this.#turnInHand();
    const { sttFailed, notUnderstood } = this.#p.phrases;
    const failed = text === '' && utterance.failure !== null;
    const phrase = text !== '' ? null : failed ? sttFailed : notUnderstood;
    this.#pending = { text, counted: this.#pending?.counted ?? false, phrase, failed };
    this.#utterance = null;
    this.#stop('stt');
    this.#out.push(`say transcript ${turn} final '${text}'`);
  }

  #takeText(text: string): void {
    if (this.#top === 'stopped') {
      this.#tell(errorOf('SESSION_STOPPED'));
      return;
    }
    this.#leave(false);
    this.#dropUtterance();
    this.#dropPending();
    this.#pending = { text: text.trim(), counted: false, phrase: null, failed: false };
    this.#enterResponding();
  }

  #noteAcknowledged(generation: number, samples: number): void {
    const reply = this.#reply;
    if (reply?.generation !== generation) return;
    const honest = Math.min(samples, reply.sent);
    reply.playingSinceMs = null;
    reply.played = reply.acknowledged ? Math.max(reply.played, honest) : honest;
    reply.acknowledged = true;
  }

  #settled(): boolean {
    return this.#utterance !== null && (this.#utterance.final ?? this.#utterance.failure) !== null;
  }

  #wordsInHand(): string {
    return joinText(this.#pending?.text ?? '', this.#utterance?.final?.text ?? '');
  }

  #turnInHand(): number {
    return this.#pending?.counted ? this.#turn : this.#turn + 1;
  }

  #interrupts(text: string): boolean {
    const { backchannels } = this.#p.words;
    return normaliseWords(text) !== '' && !isBackchannel(text, this.#input.language, backchannels);
  }

  // ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────

  #spawn(kind: ChildKind, what: string): void {
    this.#children.add(kind);
    this.#unstopped.add(kind);
    this.#out.push(`spawn ${kind} ${what}`);
  }

  #stop(kind: ChildKind): void {
    this.#children.delete(kind);
    if (this.#unstopped.delete(kind)) this.#out.push(`stop ${kind}`);
  }

  #delay(name: string, delayMs: number): void {
    this.#delays.set(name, this.#nowMs + delayMs);
    this.#out.push(`delay ${name} ${delayMs}`);
  }

  #cancel(...names: string[]): void {
    for (const name of names) if (this.#delays.delete(name)) this.#out.push(`cancel ${name}`);
  }

  #tell(error: ErrorRecord): void {
    this.#out.push(`say error ${error.code}`);
  }
}

function errorOf(code: ErrorCode): ErrorRecord {
  return { code, message: ERRORS[code].message };
}
