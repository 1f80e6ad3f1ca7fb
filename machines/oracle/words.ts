import { ERRORS, type ErrorCode, type ErrorRecord } from '../errors.ts';
import type { SessionParameters } from '../parameters.ts';
import { isBackchannel } from '../policies/backchannel.ts';
import { completeness } from '../policies/endpointing.ts';
import { isAmong, joinText, normaliseWords } from '../policies/text.ts';
import type { SessionInput } from '../session/context.ts';
import type { ChildKind } from '../session/events.ts';
import type { PublicState } from '../wire.ts';
import type { OracleDraft, OracleReply, OracleUtterance, Words } from './reply.ts';

type Top = 'idle' | 'capturing' | 'endpointing' | 'responding' | 'stopped' | 'ended';
type Phase = 'transcribing' | 'asking' | 'thinking' | 'playing' | 'hearing' | 'judging' | 'acting' | 'done';
type Region = 'waiting' | 'running' | 'finished';
type Llm = 'waiting' | 'asking' | 'streaming' | 'finished';

/** What the oracle knows, what it makes of the user's words, and the commands that it foretells. */
export abstract class OracleWords {
  protected readonly parameters: SessionParameters;
  protected readonly input: SessionInput;
  protected top: Top = 'idle';
  protected phase: Phase = 'transcribing';
  protected tts: Region | 'synthesising' = 'waiting';
  protected playback: Region = 'waiting';
  protected actions: Region | 'busy' = 'waiting';
  protected llm: Llm = 'waiting';
  protected turnNow = 0;
  protected newest = 0;
  /** The newest generation handed out, to a reply or a draft. */
  protected spent = 0;
  protected utterances = 0;
  /** Of the session's choices: each reply takes one. */
  protected random: number;
  protected utterance: OracleUtterance | null = null;
  protected pending: Words | null = null;
  protected draft: OracleDraft | null = null;
  protected drafts = { turn: 0, count: 0 };
  /** How far the preparation has come, while the endpoint delay runs. */
  protected preparation: 'waiting' | 'steadying' | 'drafting' = 'waiting';
  protected reply: OracleReply | null = null;
  protected readonly history: string[] = [];
  protected readonly living = new Set<ChildKind>();
  /** Children that the chart has not stopped yet, even if they have ended by themselves. */
  protected readonly unstopped = new Set<ChildKind>();
  protected readonly dueAtMs = new Map<string, number>();
  /** Raised within a step, taken when nothing else follows by itself. */
  protected raised: ('reply.begin' | 'voice.lost')[] = [];
  protected nowMs = 0;
  protected out: string[] = [];

  constructor(parameters: SessionParameters, input: SessionInput) {
    this.parameters = parameters;
    this.input = input;
    this.random = input.seed >>> 0;
  }

  get state(): PublicState {
    switch (this.top) {
      case 'capturing':
      case 'endpointing':
        return 'listening';
      case 'responding':
        return ['playing', 'hearing', 'judging'].includes(this.phase) ? 'speaking' : 'processing';
      default:
        return this.top;
    }
  }

  /** Where in the chart, below the public state. */
  get detail(): string {
    if (this.top !== 'responding') return this.top;
    return `${this.phase} tts:${this.tts} playback:${this.playback} actions:${this.actions} llm:${this.llm}`;
  }

  get turn(): number {
    return this.turnNow;
  }

  get generation(): number {
    return this.newest;
  }

  /** Names of the delays that wait. */
  get delays(): readonly string[] {
    return [...this.dueAtMs.keys()].sort();
  }

  /** Children that were started and neither ended nor were stopped. */
  get children(): readonly ChildKind[] {
    return [...this.living].sort();
  }

  // ── the utterance and its words ───────────────────────────────────────────────────────────────────────────────

  protected beginUtterance(sample: number, ageMs: number): void {
    if (this.utterance) this.stop('stt');
    const startedAtMs = Math.max(0, this.nowMs - ageMs);
    this.utterance = {
      ...{ startSample: sample, startedAtMs, endedAtMs: null, decided: false },
      ...{ partial: '', partialAtMs: null, final: null, failure: null },
    };
    this.spawnStt();
  }

  /** The whole utterance is heard again, with what follows. */
  protected restartUtterance(sample: number, ageMs: number): void {
    const utterance = this.utterance;
    if (!utterance) {
      this.beginUtterance(sample, ageMs);
      return;
    }
    this.dropDraft();
    this.stop('stt');
    this.utterance = { ...utterance, endedAtMs: null, decided: false, final: null, failure: null };
    this.spawnStt();
  }

  protected spawnStt(): void {
    this.utterances += 1;
    this.spawn('stt', `${this.utterances} from ${this.utterance?.startSample}`);
    this.out.push('say speech start');
  }

  protected noteSpeechStop(ageMs: number): void {
    if (this.utterance) this.utterance.endedAtMs = Math.max(0, this.nowMs - ageMs);
    this.out.push('say speech stop');
  }

  protected notePartial(text: string): void {
    if (!this.utterance) return;
    if (normaliseWords(text) !== normaliseWords(this.utterance.partial)) this.dropDraft();
    this.utterance.partial = text;
    this.utterance.partialAtMs = this.nowMs;
    this.out.push(`say transcript ${this.turnInHand()} partial '${text}'`);
  }

  /** Nothing more is listened to: STT owes its last word. */
  protected finishUtterance(): void {
    const utterance = this.utterance;
    if (!utterance || utterance.decided) return;
    utterance.decided = true;
    utterance.endedAtMs ??= this.nowMs;
    if (!this.settled()) this.out.push('send stt finish');
  }

  protected failStt(error: ErrorRecord): void {
    if (!this.utterance) return;
    this.utterance.failure = error;
    this.tell(error);
  }

  /** The ear is gone: nobody will say when the user's speech ends. */
  protected endSpeechUnheard(error: ErrorRecord): void {
    this.tell(error);
    this.noteSpeechStop(0);
  }

  protected dropUtterance(): void {
    this.dropDraft();
    if (!this.utterance) return;
    this.utterance = null;
    this.stop('stt');
  }

  /** Nothing will answer these words; counted ones are stored and remembered nevertheless. */
  protected dropPending(): void {
    const pending = this.pending;
    this.pending = null;
    if (!pending?.counted || pending.text === '') return;
    this.remember(pending.text, '');
    this.out.push(`persist ${this.turnNow} ${this.newest} interrupted '${pending.text}' '' ''`);
  }

  protected remember(user: string, assistant: string): void {
    if (user) this.history.push(`user: ${user}`);
    if (assistant) this.history.push(`assistant: ${assistant}`);
    this.history.splice(0, Math.max(0, this.history.length - this.parameters.history.maxMessages));
  }

  protected takeUtterance(): void {
    const utterance = this.utterance;
    if (!utterance) return;
    const text = this.wordsInHand();
    const turn = this.turnInHand();
    const { sttFailed, notUnderstood } = this.parameters.phrases;
    const failed = text === '' && utterance.failure !== null;
    const phrase = text !== '' ? null : failed ? sttFailed : notUnderstood;
    if (this.draft && normaliseWords(this.draft.text) !== normaliseWords(text)) this.dropDraft();
    const turnEndedAtMs = utterance.endedAtMs ?? this.nowMs;
    this.pending = { text, counted: this.pending?.counted ?? false, phrase, failed, turnEndedAtMs };
    this.utterance = null;
    this.stop('stt');
    this.out.push(`say transcript ${turn} final '${text}'`);
  }

  protected noteAcknowledged(generation: number, samples: number): void {
    const reply = this.reply;
    if (reply?.generation !== generation) return;
    const honest = Math.min(samples, reply.sent);
    reply.playingSinceMs = null;
    reply.played = reply.acknowledged ? Math.max(reply.played, honest) : honest;
    reply.acknowledged = true;
  }

  /** Whether a reply to the words so far is worth being prepared. */
  protected mayDraft(): boolean {
    const { speculation, words } = this.parameters;
    if (!speculation.enabled || this.draft || !this.utterance || this.settled()) return false;
    if (this.drafts.turn === this.turnInHand() && this.drafts.count >= speculation.maxPerTurn) return false;
    const { partial } = this.utterance;
    const text = this.wordsSoFar();
    if (normaliseWords(partial) === '' || isAmong(text, words.estop) || isAmong(partial, words.estop))
      return false;
    return completeness(text, this.input.language, words) !== 'incomplete';
  }

  protected startDraft(): void {
    const text = this.wordsSoFar();
    const turn = this.turnInHand();
    this.spent += 1;
    this.draft = { generation: this.spent, text };
    this.drafts = { turn, count: this.drafts.turn === turn ? this.drafts.count + 1 : 1 };
    this.spawn('draft', `${this.spent} ${[...this.history, `user: ${text}`].join(' | ')}`);
  }

  protected dropDraft(): void {
    if (!this.draft) return;
    this.stop('draft');
    this.out.push(`cancelWork ${this.draft.generation}`);
    this.draft = null;
  }

  protected settled(): boolean {
    return this.utterance !== null && (this.utterance.final ?? this.utterance.failure) !== null;
  }

  protected wordsInHand(): string {
    return joinText(this.pending?.text ?? '', this.utterance?.final?.text ?? '');
  }

  /** The same, with what STT has understood so far. */
  protected wordsSoFar(): string {
    const { final, partial } = this.utterance ?? { final: null, partial: '' };
    return joinText(this.pending?.text ?? '', final?.text ?? partial);
  }

  protected turnInHand(): number {
    return this.pending?.counted ? this.turnNow : this.turnNow + 1;
  }

  protected interrupts(text: string): boolean {
    const { backchannels } = this.parameters.words;
    return normaliseWords(text) !== '' && !isBackchannel(text, this.input.language, backchannels);
  }

  // ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────

  protected spawn(kind: ChildKind, what: string): void {
    this.living.add(kind);
    this.unstopped.add(kind);
    this.out.push(`spawn ${kind} ${what}`);
  }

  protected stop(kind: ChildKind): void {
    this.living.delete(kind);
    if (this.unstopped.delete(kind)) this.out.push(`stop ${kind}`);
  }

  protected delay(name: string, delayMs: number): void {
    this.dueAtMs.set(name, this.nowMs + delayMs);
    this.out.push(`delay ${name} ${delayMs}`);
  }

  protected cancel(...names: string[]): void {
    for (const name of names) if (this.dueAtMs.delete(name)) this.out.push(`cancel ${name}`);
  }

  protected tell(error: ErrorRecord): void {
    this.out.push(`say error ${error.code}`);
  }
}

export function errorOf(code: ErrorCode): ErrorRecord {
  return { code, message: ERRORS[code].message };
}
