import { rejectionWords } from '../rejection.ts';
import {
  type ActionLine,
  type Conversation,
  type Reply,
  stillRunning,
  type Turn,
  type UserText,
} from './conversation.ts';
import { byId, element } from './elements.ts';
import { splitHeard } from './heard.ts';

/** Closer to the end than this, in CSS pixels, the list follows new text. */
const FOLLOW_WITHIN_PX = 80;

/** The list of turns. Only turns that changed are drawn again. */
export class ConversationView {
  readonly #list = byId('turns', HTMLOListElement);
  readonly #scroller = byId('conversation', HTMLElement);
  readonly #empty = byId('empty', HTMLElement);
  readonly #drawn = new Map<number, { turn: Turn; item: HTMLElement }>();
  /** What comes after the turns: texts without an answer, and actions that still run. */
  #pending: HTMLElement[] = [];
  #following = true;

  constructor() {
    this.#scroller.addEventListener('scroll', () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
      this.#following = scrollHeight - scrollTop - clientHeight < FOLLOW_WITHIN_PX;
    });
    new ResizeObserver(() => this.#follow()).observe(this.#scroller);
  }

  draw(conversation: Conversation): void {
    for (const item of this.#pending) item.remove();
    const numbers = new Set(conversation.turns.map(({ turn }) => turn));
    for (const [number, { item }] of this.#drawn) {
      if (numbers.has(number)) continue;
      item.remove();
      this.#drawn.delete(number);
    }
    for (const turn of conversation.turns) this.#drawTurn(turn);
    this.#pending = conversation.pending.map((text) =>
      element('li', 'turn', line('user partial', 'You', 'auto', text)),
    );
    const running = stillRunning(conversation);
    if (running.length > 0)
      this.#pending.push(
        element(
          'li',
          'turn',
          line('action running', 'Still running', 'ltr', running.map(actionWords).join('; ')),
        ),
      );
    this.#list.append(...this.#pending);

    this.#empty.hidden = conversation.turns.length + conversation.pending.length > 0;
    this.#follow();
  }

  #follow(): void {
    if (this.#following && this.#empty.hidden) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #drawTurn(turn: Turn): void {
    const known = this.#drawn.get(turn.turn);
    if (known?.turn === turn) return;
    const item = known?.item ?? element('li', 'turn');
    item.replaceChildren(...turnParts(turn));
    if (!known) this.#list.append(item);
    this.#drawn.set(turn.turn, { turn, item });
  }
}

function turnParts(turn: Turn): HTMLElement[] {
  const user = turn.user ? [userLine(turn.user)] : [];
  const actions = turn.actions.map((action) =>
    line(`action ${action.status}`, 'Action', 'ltr', actionWords(action)),
  );
  const spoken = [...user, ...turn.replies.map(replyLine)];
  // The same character is drawn and read aloud otherwise in Chinese than in Japanese.
  if (turn.language) for (const made of spoken) made.lang = turn.language;
  return [...spoken, ...actions];
}

function actionWords({ name, status, message }: ActionLine): string {
  return `${name}: ${status}${message ? ` (${message})` : ''}`;
}

function userLine({ text, final, rejected }: UserText): HTMLElement {
  if (text !== '' || !final) return line(final ? 'user' : 'user partial', 'You', 'auto', text);
  const made = line('user partial', 'You', 'auto', 'Not understood');
  if (rejected) made.append(element('p', 'why', rejectionWords(rejected)));
  return made;
}

function replyLine(reply: Reply): HTMLElement {
  if (!reply.end) return line('reply ongoing', 'Parley', 'auto', reply.text);
  const { heard, unheard } = splitHeard(reply.text || reply.end.heard, reply.end.heard);
  const parts: (string | Node)[] = [element('span', 'heard', heard)];
  if (unheard) {
    parts.push(element('span', 'sr-only', ' (not heard from here on) '), element('span', 'unheard', unheard));
  }
  const made = line('reply ended', 'Parley', 'auto', ...parts);
  if (reply.end.reason !== 'completed') made.append(element('span', 'tag', reply.end.reason));
  return made;
}

/** One speaker's line. The text keeps its own writing direction and cannot disturb that of the page. */
function line(
  className: string,
  speaker: string,
  direction: string,
  ...text: (string | Node)[]
): HTMLElement {
  const words = element('p', 'words', ...text);
  words.dir = direction;
  return element('div', `line ${className}`, element('span', 'speaker', speaker), words);
}
