import { byId, element } from './elements.ts';

/** Suggested phrases as buttons, shown until the conversation begins. */
export class PhrasesView {
  /** Called with the phrase that was clicked. */
  onSay: (phrase: string) => void = () => {};
  readonly #box = byId('phrases', HTMLElement);
  readonly #list = byId('phrase-list', HTMLUListElement);
  readonly #hint = byId('phrases-hint', HTMLElement);
  readonly #empty = byId('empty-words', HTMLElement);
  #usable = false;

  show(phrases: readonly string[]): void {
    this.#list.replaceChildren(
      ...phrases.map((phrase) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.dir = 'auto';
        button.textContent = `“${phrase}”`;
        button.addEventListener('click', () => this.onSay(phrase));
        return element('li', '', button);
      }),
    );
    this.#box.hidden = phrases.length === 0;
    this.enable(this.#usable);
  }

  /** Enables the buttons while there is a session. */
  enable(usable: boolean): void {
    this.#usable = usable;
    for (const button of this.#list.querySelectorAll('button')) button.disabled = !usable;
    this.#hint.textContent = usable ? 'Speak, or click one.' : 'Connect first, then speak or click one.';
    this.#empty.hidden = !this.#box.hidden;
  }
}
