import type { Inspector } from './inspector.ts';

/** Keys and what they do, as the help shows them. */
export const KEYS: readonly (readonly [string, string])[] = [
  ['← →', 'the event before, after'],
  ['[ ]', 'the turn before, after'],
  ['j k', 'the next session, the previous session'],
  ['Space', 'play and pause in real time'],
  ['End', 'the end; with a live session, now'],
  ['/', 'search'],
  ['?', 'this help'],
  ['Esc', 'close what is open, leave a field, back to the list'],
];

/** Lets the keyboard move the selected moment. Returns a function that stops it. */
export function listenToKeys(inspector: Inspector): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (handled(event, inspector)) event.preventDefault();
  };
  window.addEventListener('keydown', onKey);
  return () => window.removeEventListener('keydown', onKey);
}

function handled(event: KeyboardEvent, inspector: Inspector): boolean {
  const { target, key } = event;
  if (document.querySelector('dialog[open]')) return false;
  if (isField(target)) {
    if (key === 'Escape' && target instanceof HTMLElement) target.blur();
    return false;
  }
  const { open } = inspector;
  if (key === '/') return focusSearch();
  if (key === ' ' && isPressed(target)) return false;
  const done =
    ANYWHERE[key] ?? (open && !(event.shiftKey && key.startsWith('Arrow')) ? IN_SESSION[key] : undefined);
  done?.(inspector);
  return done !== undefined && (key !== 'Escape' || open !== undefined);
}

type Command = (inspector: Inspector) => void;

const ANYWHERE: Readonly<Record<string, Command>> = {
  '?': (inspector) => inspector.toggleHelp(),
  j: (inspector) => inspector.stepSession(1),
  k: (inspector) => inspector.stepSession(-1),
  Escape: (inspector) => inspector.open && inspector.leave(),
};

const IN_SESSION: Readonly<Record<string, Command>> = {
  ArrowLeft: ({ open }) => open?.stepEvent(-1),
  ArrowRight: ({ open }) => open?.stepEvent(1),
  '[': ({ open }) => open?.stepTurn(-1),
  ']': ({ open }) => open?.stepTurn(1),
  End: ({ open }) => open?.follow(),
  ' ': ({ open }) => open?.togglePlay(),
};

/** Elements that use keys for text or a value of their own; the scrubber is not one of them. */
function isField(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return target.type !== 'range' && target.type !== 'checkbox';
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** What the space bar already presses. */
function isPressed(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('button, summary, a, [role="tab"], input[type="checkbox"]') !== null
  );
}

function focusSearch(): boolean {
  const search = document.querySelector('input[type="search"]');
  if (!(search instanceof HTMLInputElement)) return false;
  search.focus();
  search.select();
  return true;
}
