import type { ErrorRecord } from '../errors.ts';
import { completeness, endpointDelayMs } from '../policies/endpointing.ts';
import { isAmong } from '../policies/text.ts';
import { nextRandom } from '../random.ts';
import { PROMPT_MS } from '../session/filler.ts';
import { endReply, type OracleAction, type OracleReply, say } from './reply.ts';
import { errorOf, OracleWords } from './words.ts';

/** The ways between the states: in, out, and what follows by itself. */
export abstract class OracleWays extends OracleWords {
  // ── what follows by itself ────────────────────────────────────────────────────────────────────────────────────

  protected settle(): void {
    for (;;) {
      if (this.follow()) continue;
      const raised = this.raised.shift();
      if (raised === 'reply.begin') this.startChildren();
      else if (raised === 'voice.lost') this.endVoice();
      else if (!this.replyIsOver()) return;
      else this.completeReply();
    }
  }

  /** One thing that the state itself asks for; false if there is none. */
  protected follow(): boolean {
    if (this.top === 'endpointing' && this.settled()) {
      this.cancel('steadyDelay', 'endpointDelay');
      this.enterResponding();
      return true;
    }
    if (this.top === 'endpointing' && this.preparation === 'waiting' && this.mayDraft()) {
      this.enterSteadying();
      return true;
    }
    if (this.top !== 'responding') return false;
    const acts = this.reply?.actions.some(({ status }) => status === 'started') ?? false;
    if (this.actions === 'running' && acts) {
      this.enterBusy();
      return true;
    }
    if (this.actions === 'busy' && !acts) {
      this.actions = 'running';
      this.cancel('actionDeadline');
      return true;
    }
    switch (this.phase) {
      case 'transcribing':
        return this.followTranscribing();
      case 'thinking':
      case 'playing':
        if (this.playback !== 'finished') return false;
        this.cancel('fillerDelay');
        this.phase = 'acting';
        return true;
      case 'judging':
        if (this.interrupts(this.utterance?.final?.text ?? '')) {
          this.leave(false);
          this.enterEndpointing();
          return true;
        }
        if (!this.settled()) return false;
        this.goOnPlaying();
        return true;
      case 'acting':
        if (this.actions !== 'finished') return false;
        this.phase = 'done';
        return true;
      default:
        return false;
    }
  }

  protected followTranscribing(): boolean {
    const utterance = this.utterance;
    const words = this.wordsInHand();
    if (!utterance && !this.pending) return false;
    if (utterance && !this.settled()) return false;
    if (
      isAmong(words, this.parameters.words.estop) ||
      isAmong(utterance?.final?.text ?? '', this.parameters.words.estop)
    ) {
      this.enterStopped(() => this.takeUtterance());
      return true;
    }
    if (utterance) {
      const spokeMs = (utterance.endedAtMs ?? this.nowMs) - utterance.startedAtMs;
      const { endpointing, phrases } = this.parameters;
      const noise = spokeMs < endpointing.notUnderstoodMs || phrases.notUnderstood === '';
      this.cancel('sttDeadline');
      if (words === '' && !utterance.failure && noise) {
        this.dropUtterance();
        this.dropPending();
        this.top = 'idle';
        return true;
      }
      this.takeUtterance();
    } else this.cancel('sttDeadline');
    this.enterRecalling();
    return true;
  }

  /** The reply's children start: first those that take, then those that give. */
  protected startChildren(): void {
    if (this.top !== 'responding' || this.tts !== 'waiting' || !this.reply) return;
    this.tts = 'running';
    this.playback = 'running';
    this.actions = 'running';
    const drafted = this.draft ? ' drafted' : '';
    this.spawn('tts', `${this.newest}${drafted}`);
    this.spawn('playback', `${this.newest}`);
    this.spawn('actions', `${this.newest}`);
    const { phrase, facts, userText } = this.reply;
    if (phrase !== null) {
      this.llm = 'finished';
      this.out.push(...say(this.reply, phrase, true, this.parameters));
      return;
    }
    this.llm = 'asking';
    const messages = [...(facts.length > 0 ? [`system: ${facts.join('\n')}`] : []), ...this.history];
    this.spawn('llm', `${this.newest}${drafted} ${[...messages, `user: ${userText}`].join(' | ')}`);
    this.delay('llmFirstToken', this.parameters.deadlines.llmFirstTokenMs);
    if (this.draft) this.stop('draft');
    this.draft = null;
  }

  protected replyIsOver(): boolean {
    return (
      this.top === 'responding' &&
      this.phase === 'done' &&
      [this.tts, this.playback, this.actions, this.llm].every((region) => region === 'finished')
    );
  }

  protected completeReply(): void {
    this.leave(false, this.reply?.failed ? 'failed' : 'completed');
    this.top = 'idle';
  }

  // ── the states' entries, and the way out ──────────────────────────────────────────────────────────────────────

  protected enterCapturing(): void {
    this.top = 'capturing';
    const spokenMs = this.nowMs - (this.utterance?.startedAtMs ?? this.nowMs);
    this.delay('maxUtterance', Math.max(0, this.parameters.endpointing.maxUtteranceMs - spokenMs));
  }

  protected enterEndpointing(): void {
    this.top = 'endpointing';
    this.preparation = 'waiting';
    const wholeMs = endpointDelayMs(
      this.wordsSoFar(),
      this.input.language,
      this.parameters.endpointing,
      this.parameters.words,
    );
    const silentMs = this.nowMs - (this.utterance?.endedAtMs ?? this.nowMs);
    this.delay('endpointDelay', Math.max(0, wholeMs - silentMs));
  }

  /** Will the words stay as they are? Plainly complete ones need not. */
  protected enterSteadying(): void {
    this.preparation = 'steadying';
    const whole = completeness(this.wordsSoFar(), this.input.language, this.parameters.words) === 'complete';
    const unchangedMs = this.nowMs - (this.utterance?.partialAtMs ?? this.nowMs);
    this.delay('steadyDelay', whole ? 0 : Math.max(0, this.parameters.speculation.stableMs - unchangedMs));
  }

  protected enterResponding(): void {
    this.cancel('maxUtterance', 'steadyDelay', 'endpointDelay');
    this.top = 'responding';
    this.phase = 'transcribing';
    this.tts = this.playback = this.actions = this.llm = 'waiting';
    this.finishUtterance();
    this.delay('sttDeadline', this.parameters.deadlines.sttMs);
  }

  protected enterRecalling(): void {
    if (!this.pending) return;
    const { text, counted, phrase, failed, turnEndedAtMs } = this.pending;
    if (!counted) this.turnNow += 1;
    this.newest = this.draft?.generation ?? this.spent + 1;
    this.spent = Math.max(this.spent, this.newest);
    const { value: seed, state } = nextRandom(this.random);
    this.random = state;
    this.reply = {
      ...{ turn: this.turnNow, generation: this.newest, userText: text, phrase, failed },
      ...{ facts: [], text: '', cut: 0, segments: [], actions: [], played: 0, playingSinceMs: null },
      ...{ sent: 0, acknowledged: false, audible: false, seed, filler: null, turnEndedAtMs },
    };
    this.pending = null;
    if (!this.input.memory || phrase !== null || this.draft) {
      this.enterThinking();
      return;
    }
    this.phase = 'asking';
    this.delay('recallDeadline', this.parameters.deadlines.recallMs);
    this.spawn('memory', `'${text}'`);
  }

  protected enterThinking(): void {
    this.phase = 'thinking';
    const { reply: how, phrases } = this.parameters;
    if (how.fillerAfterMs > 0 && phrases.fillers.length > 0) {
      const silentMs = this.nowMs - (this.reply?.turnEndedAtMs ?? this.nowMs);
      const promptMs = Math.min(PROMPT_MS, how.fillerAfterMs);
      this.delay('fillerDelay', Math.max(promptMs, how.fillerAfterMs - silentMs));
    }
    this.raised.push('reply.begin');
  }

  protected sayFiller(): void {
    const { reply } = this;
    if (!reply || reply.phrase !== null || reply.filler !== null) return;
    if (this.tts !== 'running' && this.tts !== 'synthesising') return;
    reply.filler = 0;
    const { fillers } = this.parameters.phrases;
    this.out.push(`send tts filler '${fillers[nextRandom(reply.seed).value % fillers.length]}'`);
  }

  protected enterYielding(): void {
    this.stand();
    this.out.push('send playback pause', `say duck ${this.newest} true`);
    this.enterHearing();
  }

  protected enterHearing(): void {
    this.phase = 'hearing';
    this.delay('confirmSpeech', this.parameters.bargeIn.confirmSpeechMs);
    this.delay('backchannelMax', this.parameters.bargeIn.backchannelMaxMs);
  }

  protected goOnPlaying(): void {
    this.cancel('verdict');
    this.dropUtterance();
    this.out.push(`say duck ${this.newest} false`, 'send playback resume');
    if (this.reply?.audible && !this.reply.acknowledged) this.reply.playingSinceMs = this.nowMs;
    if (this.reply?.audible) this.phase = 'playing';
    else this.enterThinking();
  }

  protected enterStopped(onTheWay: () => void = () => {}): void {
    this.leave(false);
    onTheWay();
    this.dropUtterance();
    this.dropPending();
    this.top = 'stopped';
  }

  /** Out of wherever it is: the delays are cancelled, the reply's children stopped, the reply ended; in this order. */
  protected leave(continued: boolean, reason: 'completed' | 'failed' | 'interrupted' = 'interrupted'): void {
    this.cancel('maxUtterance', 'steadyDelay', 'endpointDelay');
    if (this.top !== 'responding') return;
    this.raised = [];
    this.cancel('llmFirstToken', 'llmStall');
    if (this.llm === 'asking' || this.llm === 'streaming') this.stop('llm');
    this.cancel('actionDeadline');
    if (this.actions === 'running' || this.actions === 'busy') this.stop('actions');
    if (this.playback === 'running') this.stop('playback');
    this.cancel('ttsDeadline');
    if (this.tts === 'running' || this.tts === 'synthesising') this.stop('tts');
    this.cancel('confirmSpeech', 'backchannelMax', 'verdict', 'fillerDelay', 'recallDeadline', 'sttDeadline');
    if (this.phase === 'asking') this.stop('memory');
    const reply = this.reply;
    if (!reply) return;
    this.stand();
    const heard = endReply(reply, reason, continued, this.out);
    this.reply = null;
    if (continued) {
      const { userText: text, turnEndedAtMs } = reply;
      this.pending = { text, counted: true, phrase: null, failed: false, turnEndedAtMs };
      return;
    }
    this.remember(reply.userText, heard);
  }

  /** The position in the reply is where the pacing has it by now. */
  protected stand(): void {
    const { reply } = this;
    if (!reply || reply.playingSinceMs === null) return;
    const since = Math.floor(((this.nowMs - reply.playingSinceMs) * this.input.outputRate) / 1_000);
    reply.played = Math.min(reply.sent, reply.played + since);
    reply.playingSinceMs = null;
  }

  // ── the regions' ends ─────────────────────────────────────────────────────────────────────────────────────────

  protected endTts(then: () => void): boolean {
    if (this.tts !== 'running' && this.tts !== 'synthesising') return false;
    this.cancel('ttsDeadline');
    this.stop('tts');
    this.tts = 'finished';
    then();
    return true;
  }

  protected endPlayback(): boolean {
    if (this.playback !== 'running') return false;
    this.playback = 'finished';
    this.stop('playback');
    return true;
  }

  protected endLlm(then: () => void): boolean {
    if (this.llm !== 'asking' && this.llm !== 'streaming') return false;
    this.cancel('llmFirstToken', 'llmStall');
    this.stop('llm');
    this.llm = 'finished';
    then();
    return true;
  }

  protected endActions(error: ErrorRecord | null): boolean {
    if (this.actions !== 'running' && this.actions !== 'busy') return false;
    this.cancel('actionDeadline');
    this.stop('actions');
    this.actions = 'finished';
    if (error === null) return true;
    const running = this.reply?.actions.filter(({ status }) => status === 'started') ?? [];
    for (const action of running) this.endAction(action, 'failed');
    this.tell(error);
    return true;
  }

  protected enterBusy(): void {
    this.actions = 'busy';
    const oldest = this.reply?.actions.find(({ status }) => status === 'started');
    const ranMs = this.nowMs - (oldest?.startedAtMs ?? this.nowMs);
    this.delay('actionDeadline', Math.max(0, this.parameters.deadlines.actionMs - ranMs));
  }

  protected endAction(action: OracleAction, status: 'done' | 'failed'): void {
    action.status = status;
    this.out.push(`say action ${action.id} ${action.name} ${status}`);
  }

  protected heardFromLlm(): boolean {
    if (this.llm !== 'asking' && this.llm !== 'streaming') return false;
    this.cancel('llmFirstToken', 'llmStall');
    this.llm = 'streaming';
    return true;
  }

  protected failLlm(reply: OracleReply, error: ErrorRecord): void {
    reply.failed = true;
    this.tell(error);
    this.out.push(
      ...say(reply, reply.text.trim() === '' ? this.parameters.phrases.llmFailed : '', true, this.parameters),
    );
  }

  protected loseVoice(error: ErrorRecord): void {
    if (this.reply) this.reply.failed = true;
    this.tell(error);
    this.raised.push('voice.lost');
  }

  protected endVoice(): void {
    const asked = this.endLlm(() => {});
    this.endTts(() => {});
    if (asked && this.reply) this.out.push(...say(this.reply, '', true, this.parameters));
  }

  protected startAction(id: string, name: string): void {
    if (this.reply?.actions.some((action) => action.id === id)) return;
    const { allow } = this.parameters.actions;
    const allowed = allow.includes('*') || allow.includes(name);
    const runs = allowed && this.actions !== 'finished';
    const status = runs ? 'started' : 'refused';
    this.reply?.actions.push({ id, name, status, startedAtMs: this.nowMs });
    this.out.push(`say action ${id} ${name} ${status}`);
    if (runs) this.out.push(`send actions run ${id}`);
    else this.tell(errorOf(allowed ? 'ACTION_FAILED' : 'ACTION_REFUSED'));
  }

  protected takeText(text: string): void {
    if (this.top === 'stopped') {
      this.tell(errorOf('SESSION_STOPPED'));
      return;
    }
    this.leave(false);
    this.dropUtterance();
    this.dropPending();
    this.pending = {
      ...{ text: text.trim(), counted: false, phrase: null, failed: false },
      turnEndedAtMs: this.nowMs,
    };
    this.enterResponding();
  }
}
