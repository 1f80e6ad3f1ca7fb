import { callsIn, clearCalls, jsonEnd, type TextCall, type Tools } from './text-calls.ts';

/** What a piece of the model's text is. */
export type TextPiece =
  | { readonly type: 'say'; readonly text: string }
  /** Text that the user does not hear: thinking, or markup. */
  | { readonly type: 'drop' }
  /** Thinking ended. If it never began, all text before was thinking. */
  | { readonly type: 'thought'; readonly began: boolean }
  | ({ readonly type: 'call' } & TextCall);

const THINK =
  '(?:think(?:ing)?(?:_process)?|thoughts?|reason(?:ing)?|reflection|analysis|scratchpad|rationale|inner_monologue|chain_of_thought|cot)';
const OPENS = [
  `<(?:[\\w-]+[:_])?${THINK}(?:\\s[^<>]{0,80})?>`,
  '\\[(?:THINK|THINKING|THOUGHT|REASONING)\\]',
  `<\\|(?:begin_of_|start_of_|start_)?${THINK}(?:_start|_begin)?\\|>`,
  '<\\|channel>\\s*\\w*',
  '◁think▷',
  '<unused94>(?:thought)?',
];
const CLOSES = [
  `</(?:[\\w-]+[:_])?${THINK}\\s*>`,
  '\\[/(?:THINK|THINKING|THOUGHT|REASONING)\\]',
  `<\\|(?:end_of_|end_|/)${THINK}\\|>`,
  `<\\|${THINK}_end\\|>`,
  '<channel\\|>',
  '◁/think▷',
  '<unused95>',
];
/** Tags of calls, each with the end that belongs to it. */
const CALL_TAG = '(?:[\\w-]+:)?(?:tool_?calls?|function_?calls?|tool_use|tool_code|toolcall)';
const CALLS: readonly (readonly [open: string, close: string])[] = [
  [`<[｜|]?(?:DSML[｜|])?${CALL_TAG}>`, `</[｜|]?(?:DSML[｜|])?${CALL_TAG}>`],
  ['<function(?:=|\\s+name=)[^<>]*>', '</function>'],
  ['<invoke\\s[^<>]*>', '</invoke>'],
  ['<\\|tool_calls_section_begin\\|>', '<\\|tool_calls_section_end\\|>'],
  ['<｜tool▁calls▁begin｜>', '<｜tool▁calls▁end｜>'],
  [
    '<[|｜]tool[_▁]call(?:s|_start|_begin|▁begin)?[|｜]>',
    '<[|｜]/?tool[_▁]calls?(?:[_▁]end)?[|｜]>|</tool_call>',
  ],
  ['<\\|(?:START_ACTION|action_start)\\|>', '<\\|(?:END_ACTION|action_end)\\|>'],
  ['<\\|python_tag\\|>', '<\\|eo[mt]_id\\|>'],
  ['<tools>', '</tools>'],
  ['<\\|tool_call>', '<tool_call\\|>'],
  ['\\[TOOL_CALLS\\]', '\\[/TOOL_CALLS\\]|</s>'],
  ['\\[TOOL_CALL\\]', '\\[/TOOL_CALL\\]'],
];
/** Invented answers of tools. */
const RESULT = ['<tool_(?:response|result|output)>', '</tool_(?:response|result|output)>'] as const;
/** A header of a turn, up to where its content begins. */
const HEADERS = [
  ['<\\|(?:start|channel)\\|>', '<\\|message\\|>'],
  ['<\\|start_header_id\\|>', '<\\|end_header_id\\|>'],
  ['<\\|im_start\\|>|<start_of_turn>', '\\n'],
] as const;
const SPECIAL = [
  '<\\|[^|<>\\n]{1,40}\\|>',
  '<｜[^｜<>\\n]{1,40}｜>',
  '</?s>',
  '<(?:eos|bos|pad|unk|end_of_turn|end_of_utterance|endoftext)>',
  '<unused\\d+>',
  '<0x[\\dA-F]{2}>',
  '\\[/?(?:INST|AVAILABLE_TOOLS|TOOL_RESULTS|SYSTEM_PROMPT|ARGS|TOOL_CALLS?)\\]',
  '</?(?:tool_?calls?|function_?calls?|function|invoke|parameter|tool_(?:response|result|output)|response|answer|final|output)>',
];
const FENCE = '```';
const JSON_CALL =
  '(?:functools)?\\[?\\s*\\{\\s*"(?:name|function|tool|tool_name|function_name|tool_calls|type|recipient_name|arguments|parameters)"\\s*:' +
  // Llama's list of calls as Python has them.
  '|\\[\\s*[a-z_][\\w.-]*\\((?:\\w+\\s*=|\\))';

const any = (patterns: readonly string[]) => patterns.map((one) => `(?:${one})`).join('|');
const KINDS = {
  call: any(CALLS.map(([open]) => open)),
  result: RESULT[0],
  header: any(HEADERS.map(([open]) => open)),
  open: any(OPENS),
  close: any(CLOSES),
  fence: FENCE,
  json: JSON_CALL,
  special: any(SPECIAL),
};
type Kind = keyof typeof KINDS;
const MARKER = new RegExp(
  Object.entries(KINDS)
    .map(([kind, pattern]) => `(?<${kind}>${pattern})`)
    .join('|'),
  'iu',
);
const CLOSE = new RegExp(`${KINDS.close}|(?<next><\\|(?:start|channel|end|return|call)\\|>)`, 'iu');
/** An end of the text that may be the beginning of a marker. */
const UNDECIDED = [
  '<[|｜][^<>\\n]{0,60}',
  '</?[|｜]?[\\w:|｜-]{0,40}',
  `<(?:function|invoke|parameter|[\\w-]*[:_]?${THINK})[\\s=][^<>]{0,80}`,
  '\\[/?[A-Z_]{0,16}',
  '◁[^▷]{0,8}',
  '`{1,2}',
  'func(?:t(?:o(?:ol?)?)?)?',
  'functools(?:\\[\\s*(?:\\{\\s*(?:"\\w{0,16}(?:"\\s*)?)?)?)?',
  '\\[?\\s*\\{\\s*(?:"\\w{0,16}(?:"\\s*)?)?',
  '\\[\\s*(?:[a-z_][\\w.-]{0,40}(?:\\(\\w{0,40}\\s*)?)?',
].map((pattern) => new RegExp(`(?:${pattern})$`, 'iu'));
const MAX_BLOCK = 16 << 10;
/** How much of thinking is kept to find its end in the next piece. */
const TAIL = 120;
const MAX_HEADER = 200;

type State =
  | { readonly in: 'text' }
  | { readonly in: 'thinking' }
  | { readonly in: 'call'; readonly close: RegExp | undefined; readonly name?: string }
  | { readonly in: 'fence' | 'json' }
  | { readonly in: 'header'; readonly close: RegExp }
  | { readonly in: 'result' };

const END_OF_CALL = /<\|(?:call|end|return|start|channel)\|>/u;
const RESULT_END = new RegExp(RESULT[1], 'iu');
const OTHERS_TURN = /^\s*(?:user|system|tool|developer|human|function|observation)\b/iu;

/**
 * Separates what a model says from what it thinks, from special tokens of its template, and from calls that it wrote as text. Markers may be
 * split between pieces in any way. Calls count only while tools are offered.
 */
export class Markup {
  readonly #tools: Tools;
  #state: State = { in: 'text' };
  #rest = '';
  /** Nothing was said yet, or since thinking: white space is dropped. */
  #atStart = true;
  #first = true;
  /** The model goes on with a turn that is not its own. */
  #isOthers = false;
  #out: TextPiece[] = [];

  constructor(tools: Tools) {
    this.#tools = tools;
  }

  push(text: string): readonly TextPiece[] {
    this.#rest += text;
    return this.#read(false);
  }

  /** The reply has ended: everything that is held back is decided. */
  end(): readonly TextPiece[] {
    return this.#read(true);
  }

  #read(isEnd: boolean): readonly TextPiece[] {
    this.#out = [];
    for (let goesOn = true; goesOn; ) goesOn = this.#step(isEnd);
    return this.#out;
  }

  /** False if more text is needed. */
  #step(isEnd: boolean): boolean {
    switch (this.#state.in) {
      case 'text':
        return this.#text(isEnd);
      case 'thinking':
        return this.#thinking();
      case 'header':
        return this.#header(this.#state.close, isEnd);
      case 'call':
        return this.#call(this.#state, isEnd);
      case 'fence':
        return this.#fence(isEnd);
      case 'json':
        return this.#json(isEnd);
      case 'result':
        return this.#until(RESULT_END);
    }
  }

  #text(isEnd: boolean): boolean {
    // gpt-oss whose special tokens a server has dropped.
    if (this.#first && /^\s*analysis(?=[A-Z"“'])/u.test(this.#rest)) {
      this.#enter({ in: 'thinking' }, 8);
      return true;
    }
    if (this.#first && !isEnd && /^\s*anal(?:y(?:s(?:i(?:s)?)?)?)?$/u.test(this.#rest)) return false;
    const match = MARKER.exec(this.#rest);
    const held = isEnd ? undefined : heldFrom(this.#rest);
    // A longer marker may begin before this one is complete, such as a name with a namespace.
    if (match && (held === undefined || match.index <= held || match.index + match[0].length <= held)) {
      this.#say(this.#rest.slice(0, match.index));
      this.#rest = this.#rest.slice(match.index);
      this.#marker(kindOf(match), match[0]);
      return true;
    }
    this.#say(this.#rest.slice(0, held));
    this.#rest = held === undefined ? '' : this.#rest.slice(held);
    return false;
  }

  #marker(kind: Kind, marker: string): void {
    const { length } = marker;
    // In small letters, brackets hold a stage direction.
    if (marker.startsWith('[') && kind !== 'json' && marker !== marker.toUpperCase()) {
      this.#say(marker);
      this.#rest = this.#rest.slice(length);
      return;
    }
    switch (kind) {
      case 'open':
        if (marker.endsWith('/>')) this.#enter({ in: 'text' }, length);
        else this.#enter({ in: 'thinking' }, length);
        return;
      case 'close':
        this.#out.push({ type: 'thought', began: false });
        this.#enter({ in: 'text' }, length);
        this.#atStart = true;
        return;
      case 'call':
        this.#enter(
          { in: 'call', close: closeOf(marker) },
          /^<(?:function|invoke)[=\s]/.test(marker) ? 0 : length,
        );
        return;
      case 'header':
        this.#enter({ in: 'header', close: headerEnd(marker) }, length);
        return;
      case 'result':
        this.#enter({ in: 'result' }, length);
        return;
      case 'fence':
      case 'json':
        // Without tools it is text.
        if (this.#tools.size > 0) this.#enter({ in: kind }, 0);
        else {
          this.#say(marker);
          this.#rest = this.#rest.slice(length);
        }
        return;
      case 'special': {
        const role = /^<\|(user|system|tool|observation|assistant)\|>$/iu.exec(marker)?.[1];
        if (role !== undefined) this.#isOthers = role.toLowerCase() !== 'assistant';
        this.#enter({ in: 'text' }, length);
        return;
      }
      default:
        kind satisfies never;
    }
  }

  #enter(state: State, skip: number): void {
    this.#out.push({ type: 'drop' });
    this.#state = state;
    this.#rest = this.#rest.slice(skip);
    this.#first = false;
  }

  #thinking(): boolean {
    const match = CLOSE.exec(this.#rest) ?? /assistant\s*final(?=[A-Z\s"“'])/u.exec(this.#rest);
    if (!match) {
      if (this.#rest !== '') this.#out.push({ type: 'drop' });
      this.#rest = this.#rest.slice(-TAIL);
      return false;
    }
    this.#out.push({ type: 'thought', began: true });
    // The next header is read as such.
    const isNext = match.groups?.next !== undefined && /start|channel/.test(match[0]);
    this.#enter({ in: 'text' }, match.index + (isNext ? 0 : match[0].length));
    this.#atStart = true;
    return true;
  }

  #until(close: RegExp): boolean {
    const match = close.exec(this.#rest);
    if (!match) {
      this.#rest = this.#rest.slice(-TAIL);
      return false;
    }
    this.#enter({ in: 'text' }, match.index + match[0].length);
    return true;
  }

  #header(close: RegExp, isEnd: boolean): boolean {
    const match = close.exec(this.#rest);
    if (!match && !isEnd && this.#rest.length < MAX_HEADER) return false;
    const header = match ? this.#rest.slice(0, match.index) : (/^\s*\w*/u.exec(this.#rest)?.[0] ?? '');
    const skip = match ? match.index + match[0].length : header.length;
    this.#isOthers = OTHERS_TURN.test(header);
    const recipient = /\bto=([\w.-]+)/u.exec(header)?.[1];
    this.#atStart = true;
    if (recipient !== undefined) this.#enter({ in: 'call', close: END_OF_CALL, name: recipient }, skip);
    else if (/analysis|commentary|thought/iu.test(header)) this.#enter({ in: 'thinking' }, skip);
    else this.#enter({ in: 'text' }, skip);
    return true;
  }

  #call({ close, name }: Extract<State, { in: 'call' }>, isEnd: boolean): boolean {
    const match = close?.exec(this.#rest);
    if (!match && !isEnd) return this.#waits();
    const end = match ? match.index : this.#rest.length;
    const isElement = /^<(?:function|invoke)[=\s]/.test(this.#rest);
    const block = this.#rest.slice(0, isElement && match ? end + match[0].length : end);
    if (this.#tools.size > 0)
      for (const call of callsIn(name === undefined ? block : `${name}\n${block}`, this.#tools))
        this.#out.push({ type: 'call', ...call });
    this.#enter({ in: 'text' }, match ? end + match[0].length : end);
    return match !== null && match !== undefined;
  }

  #fence(isEnd: boolean): boolean {
    const close = this.#rest.indexOf(FENCE, FENCE.length);
    if (close < 0 && !isEnd) return this.#waits();
    const whole = close < 0 ? this.#rest : this.#rest.slice(0, close + FENCE.length);
    const body = whole
      .slice(FENCE.length, close < 0 ? undefined : close)
      .replace(/^(?:json|python|xml|tool_calls?|tool_code)?[ \t]*\n?/iu, '');
    const isMarked = new RegExp(KINDS.call, 'iu').test(body);
    return this.#decide(whole, isMarked ? callsIn(body, this.#tools) : clearCalls(body, this.#tools));
  }

  #json(isEnd: boolean): boolean {
    const end = jsonEnd(this.#rest, 0);
    if (end === undefined && !isEnd) return this.#waits();
    const whole = this.#rest.slice(0, end);
    const cut = end === undefined ? callsIn(whole, this.#tools) : [];
    return this.#decide(whole, clearCalls(whole, this.#tools) ?? (cut.length > 0 ? cut : undefined));
  }

  /** The text is calls, or text after all. */
  #decide(whole: string, calls: readonly TextCall[] | undefined): boolean {
    if (calls) {
      for (const call of calls) this.#out.push({ type: 'call', ...call });
      this.#enter({ in: 'text' }, whole.length);
    } else {
      this.#state = { in: 'text' };
      this.#say(whole);
      this.#rest = this.#rest.slice(whole.length);
    }
    return this.#rest !== '';
  }

  #waits(): false {
    this.#out.push({ type: 'drop' });
    // A model out of control: what it writes is not a call.
    if (this.#rest.length > MAX_BLOCK) this.#rest = this.#rest.slice(-TAIL);
    return false;
  }

  #say(text: string): void {
    const said = this.#atStart ? text.trimStart() : text;
    if (said === '') return;
    if (this.#isOthers) {
      this.#out.push({ type: 'drop' });
      return;
    }
    this.#atStart = false;
    this.#first = false;
    this.#out.push({ type: 'say', text: said });
  }
}

function kindOf({ groups = {} }: RegExpExecArray): Kind {
  const kinds: readonly Kind[] = ['call', 'result', 'header', 'open', 'close', 'fence', 'json', 'special'];
  return kinds.find((kind) => groups[kind] !== undefined) ?? 'special';
}

function closeOf(marker: string): RegExp | undefined {
  const pair = CALLS.find(([open]) => new RegExp(`^(?:${open})$`, 'iu').test(marker));
  return pair && new RegExp(pair[1], 'iu');
}

function headerEnd(marker: string): RegExp {
  const pair = HEADERS.find(([open]) => new RegExp(`^(?:${open})$`, 'iu').test(marker));
  return new RegExp(pair?.[1] ?? '\\n', 'iu');
}

/** Where a marker may begin that is not complete yet; undefined if there is none. */
function heldFrom(text: string): number | undefined {
  const tail = text.slice(-TAIL);
  const starts = UNDECIDED.flatMap((pattern) => pattern.exec(tail)?.index ?? []);
  return starts.length > 0 ? text.length - tail.length + Math.min(...starts) : undefined;
}
