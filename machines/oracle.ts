import type { KernelEvent } from './kernel.ts';
import { delayName } from './oracle/brief.ts';
import { say } from './oracle/reply.ts';
import { OracleWays } from './oracle/ways.ts';
import { errorOf } from './oracle/words.ts';

/**
 * The statechart once more, by hand and without XState: a second opinion on every step. It foretells the commands of
 * a step in the form of `brief`, and where the session then is. It shares with the chart only the policies on words.
 *
 * It reads as the chart does: `take` is what an event does, `settle` (in `OracleWays`)
 * what follows from it without an event.
 */
export class Oracle extends OracleWays {
  /** What the start itself asks for. */
  start(): readonly string[] {
    return ['say state idle 0 0'];
  }

  /** Takes an event and foretells its commands, in order. */
  step(event: KernelEvent, atMs: number): readonly string[] {
    if (this.top === 'ended') return [];
    this.nowMs = Math.max(this.nowMs, atMs);
    this.out = [];
    const before = this.state;
    const generation = this.newest;
    if (event.type.startsWith('xstate.after.')) this.takeTimer(delayName(event.type));
    else this.take(event);
    this.settle();
    if (this.state !== before || this.newest !== generation)
      this.out.push(`say state ${this.state} ${this.turnNow} ${this.newest}`);
    return this.out;
  }

  // ── what an event does ────────────────────────────────────────────────────────────────────────────────────────

  protected take(event: KernelEvent): void {
    if (this.top === 'responding' && (this.takeInPhase(event) || this.takeInRegions(event))) return;
    switch (event.type) {
      case 'speech.start':
        if (this.top === 'idle') {
          this.beginUtterance(event.sample, event.ageMs);
          this.enterCapturing();
        } else if (this.top === 'endpointing') {
          this.cancel('steadyDelay', 'endpointDelay');
          if (this.utterance?.decided) this.restartUtterance(event.sample, event.ageMs);
          else {
            this.dropDraft();
            if (this.utterance) this.utterance.endedAtMs = null;
            this.out.push('say speech start');
          }
          this.enterCapturing();
        }
        return;
      case 'speech.stop':
        if (this.top !== 'capturing') return;
        this.cancel('maxUtterance');
        this.noteSpeechStop(event.ageMs);
        this.enterEndpointing();
        return;
      case 'text':
        this.takeText(event.text);
        return;
      case 'transcript.partial':
        if (this.top === 'endpointing') this.cancel('steadyDelay', 'endpointDelay');
        this.notePartial(event.text);
        if (this.top === 'endpointing') this.enterEndpointing();
        return;
      case 'xstate.done.actor.stt':
        this.living.delete('stt');
        if (this.utterance) this.utterance.final = event.output;
        return;
      case 'xstate.error.actor.stt':
        this.living.delete('stt');
        this.failStt(event.error);
        return;
      case 'xstate.error.actor.draft':
        this.living.delete('draft');
        this.dropDraft();
        return;
      case 'interrupt':
        if (this.top !== 'responding') return;
        this.leave(false);
        if (this.utterance && this.utterance.endedAtMs === null) this.enterCapturing();
        else {
          this.dropUtterance();
          this.dropPending();
          this.top = 'idle';
        }
        return;
      case 'estop':
        if (this.top !== 'stopped') this.enterStopped();
        return;
      case 'rearm':
        if (this.top === 'stopped') this.top = 'idle';
        return;
      case 'bye':
      case 'lost':
        this.leave(false);
        this.dropUtterance();
        this.dropPending();
        this.top = 'ended';
        return;
      case 'played':
        this.noteAcknowledged(event.generation, event.samples);
        return;
      case 'ear.failed':
        if (this.top !== 'capturing') this.tell(event.error);
        else {
          this.cancel('maxUtterance');
          this.endSpeechUnheard(event.error);
          this.enterEndpointing();
        }
        return;
    }
  }

  /** True if the place in the reply has something to do with the event. */
  protected takeInPhase(event: KernelEvent): boolean {
    if (event.type === 'transcript.partial') {
      if (this.phase !== 'hearing' && this.phase !== 'judging') return false;
      const { interrupts, phase } = { interrupts: this.interrupts(event.text), phase: this.phase };
      if (interrupts) this.leave(false);
      this.notePartial(event.text);
      if (interrupts) phase === 'hearing' ? this.enterCapturing() : this.enterEndpointing();
      return true;
    }
    if ((event.type === 'speech.stop' || event.type === 'ear.failed') && this.phase === 'hearing') {
      this.cancel('confirmSpeech', 'backchannelMax');
      if (event.type === 'speech.stop') this.noteSpeechStop(event.ageMs);
      else this.endSpeechUnheard(event.error);
      this.phase = 'judging';
      this.finishUtterance();
      this.delay('verdict', this.parameters.bargeIn.verdictMs);
      return true;
    }
    if (event.type === 'playout.started') {
      if (this.reply && this.playback === 'running') this.reply.audible = true;
      if (this.phase === 'thinking') {
        this.cancel('fillerDelay');
        this.phase = 'playing';
      }
      return true;
    }
    if (this.phase === 'asking') {
      if (event.type === 'xstate.done.actor.memory' && this.reply) this.reply.facts = event.output.facts;
      else if (event.type !== 'xstate.error.actor.memory') return this.speechInPhase(event);
      this.cancel('recallDeadline');
      this.stop('memory');
      if (event.type === 'xstate.error.actor.memory') this.tell(event.error);
      this.enterThinking();
      return true;
    }
    return this.speechInPhase(event);
  }

  protected speechInPhase(event: KernelEvent): boolean {
    if (event.type !== 'speech.start') return false;
    const { sample, ageMs } = event;
    switch (this.phase) {
      case 'transcribing':
        this.leave(true);
        this.restartUtterance(sample, ageMs);
        this.enterCapturing();
        return true;
      case 'judging':
        this.cancel('verdict');
        this.restartUtterance(sample, ageMs);
        this.enterHearing();
        return true;
      case 'playing':
      case 'acting':
        {
          this.beginUtterance(sample, ageMs);
          this.enterYielding();
        }
        return true;
      case 'thinking':
        if (this.reply?.actions.some(({ status }) => status !== 'refused')) {
          this.cancel('fillerDelay');
          this.beginUtterance(sample, ageMs);
          this.enterYielding();
        } else {
          this.leave(true);
          this.beginUtterance(sample, ageMs);
          this.enterCapturing();
        }
        return true;
      case 'asking':
        this.leave(true);
        {
          this.beginUtterance(sample, ageMs);
          this.enterCapturing();
        }
        return true;
      default:
        return false;
    }
  }

  /** The parts of a reply that run side by side. True if one of them was waiting for the event. */
  protected takeInRegions(event: KernelEvent): boolean {
    const reply = this.reply;
    if (!reply) return false;
    switch (event.type) {
      case 'segment.started':
        if (this.tts !== 'running') return false;
        this.tts = 'synthesising';
        this.delay('ttsDeadline', this.parameters.deadlines.ttsMs);
        return true;
      case 'segment.audio': {
        if (this.tts !== 'synthesising') return false;
        this.cancel('ttsDeadline');
        const segment = reply.segments[event.segment];
        const { samples, words, ready } = event;
        if (segment) reply.segments[event.segment] = { ...segment, samples, words, ready };
        if (ready) this.tts = 'running';
        else this.delay('ttsDeadline', this.parameters.deadlines.ttsMs);
        return true;
      }
      case 'filler.audio':
        if (this.tts !== 'running' && this.tts !== 'synthesising') return false;
        if (reply.filler !== null) reply.filler = event.samples;
        return true;
      case 'xstate.done.actor.tts':
        return this.endTts(() => {});
      case 'xstate.error.actor.tts':
        return this.endTts(() => this.loseVoice(event.error));
      case 'playout.progress':
        if (this.playback !== 'running') return false;
        reply.sent = event.sent;
        if (reply.acknowledged) return true;
        reply.played = Math.max(reply.played, event.samples);
        reply.playingSinceMs = event.moving ? this.nowMs : null;
        return true;
      case 'xstate.done.actor.playback':
        if (!this.endPlayback()) return false;
        reply.played = event.output.samples;
        reply.sent = event.output.samples;
        reply.playingSinceMs = null;
        return true;
      case 'xstate.error.actor.playback':
        if (!this.endPlayback()) return false;
        this.loseVoice(event.error);
        return true;
      case 'action.done':
      case 'action.failed': {
        if (this.actions !== 'busy') return false;
        this.cancel('actionDeadline');
        const action = reply.actions.find(({ id, status }) => id === event.id && status === 'started');
        if (action) {
          this.endAction(action, event.type === 'action.done' ? 'done' : 'failed');
          if (event.type === 'action.failed') this.tell(event.error);
        }
        this.enterBusy();
        return true;
      }
      case 'xstate.done.actor.actions':
        return this.endActions(null);
      case 'xstate.error.actor.actions':
        return this.endActions(event.error);
      case 'llm.delta':
        if (!this.heardFromLlm()) return false;
        if (event.text !== '') this.out.push(...say(reply, event.text, false, this.parameters));
        this.delay('llmStall', this.parameters.deadlines.llmStallMs);
        return true;
      case 'llm.action':
        if (this.llm !== 'asking' && this.llm !== 'streaming') return false;
        if (event.name === 'estop') {
          this.enterStopped();
          return true;
        }
        this.heardFromLlm();
        this.startAction(event.id, event.name);
        this.delay('llmStall', this.parameters.deadlines.llmStallMs);
        return true;
      case 'xstate.done.actor.llm':
        return this.endLlm(() => this.out.push(...say(reply, '', true, this.parameters)));
      case 'xstate.error.actor.llm':
        return this.endLlm(() => this.failLlm(reply, event.error));
      default:
        return false;
    }
  }

  protected takeTimer(name: string): void {
    if (this.dueAtMs.get(name) !== this.nowMs) this.out.push(`the delay ${name} was not due`);
    this.dueAtMs.delete(name);
    const reply = this.reply;
    switch (name) {
      case 'endpointDelay':
      case 'maxUtterance':
        this.enterResponding();
        return;
      case 'steadyDelay':
        this.preparation = 'drafting';
        this.startDraft();
        return;
      case 'sttDeadline':
        this.stop('stt');
        this.failStt(errorOf('STT_TIMEOUT'));
        return;
      case 'recallDeadline':
        this.stop('memory');
        this.tell(errorOf('MEMORY_TIMEOUT'));
        this.enterThinking();
        return;
      case 'fillerDelay':
        this.sayFiller();
        return;
      case 'llmFirstToken':
      case 'llmStall':
        if (reply) this.endLlm(() => this.failLlm(reply, errorOf('LLM_TIMEOUT')));
        return;
      case 'ttsDeadline':
        this.endTts(() => this.loseVoice(errorOf('TTS_TIMEOUT')));
        return;
      case 'actionDeadline':
        for (const action of reply?.actions ?? []) {
          if (
            action.status !== 'started' ||
            this.nowMs - action.startedAtMs < this.parameters.deadlines.actionMs
          )
            continue;
          this.out.push(`send actions abandon ${action.id}`);
          this.endAction(action, 'failed');
          this.tell(errorOf('ACTION_TIMEOUT'));
        }
        this.enterBusy();
        return;
      case 'confirmSpeech': {
        const partial = this.utterance?.partial ?? '';
        if (partial !== '' && !this.interrupts(partial)) return; // a listener, so far
        this.leave(false);
        this.enterCapturing();
        return;
      }
      case 'backchannelMax':
        this.leave(false);
        this.enterCapturing();
        return;
      case 'verdict':
        this.goOnPlaying();
        return;
    }
  }
}
